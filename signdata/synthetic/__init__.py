"""Made-up hands, clips and datasets, for demonstrations, tests and benchmarks.

::

    datasets                       whole datasets, one function a kind
    |-- sign_mnist, pictures, wlasl
    hands, clips                   one picture of a hand; one film of a person who signs
    |-- poses                      how a hand is held for each letter: data only
    |-- signers                    who signs, in which room, with which camera; moments of a film
    `-- render                     rounded rods in, a lit picture out

Every picture depends on the seed and on its own name alone.
"""
