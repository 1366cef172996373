"""Synthetic hands, clips and datasets, for demonstrations, tests and benchmarks.

::

    datasets                       whole datasets, one function per kind
    |-- sign_mnist, pictures, wlasl
    hands, clips                   a picture of a hand; a video of a signer
    |-- poses                      handshapes of the letters: data only
    |-- signers                    signers, rooms and cameras; movement within a recording
    `-- render                     capsules in, a lit picture out

Every picture depends only on the random seed and its own name.
"""
