"""The synthetic datasets, one function per kind.

Each writes into an existing, empty directory and returns counts; ``samples`` is the number of
labelled items. Sizes are (width, height).
"""

from signdata.synthetic.pictures import write_asl_alphabet, write_photos
from signdata.synthetic.sign_mnist import write_sign_mnist
from signdata.synthetic.wlasl import write_wlasl

__all__ = ["write_asl_alphabet", "write_photos", "write_sign_mnist", "write_wlasl"]
