"""Networks and how they are trained; the only room that imports torch.

::

    models/        one architecture a file, named by a registry
    presets.py     settings: ours, and those of each network's source
    data.py        a dataset as one uint8 array, and what `val` is when nobody said
    feeding.py     a split on its way to the device, whole or batch by batch
    augmenting.py  pictures on their way into a network
    magick.py      ImageMagick's arithmetic on batches, on the device
    devices.py     CPU or CUDA, and the same again there
    ranks.py       one run in several processes
    train.py       the training loop, top to bottom
    pausing.py     Ctrl-C waits until a step is done
    comparing.py   a random split of the rows against one by groups, and controls
    runs.py        what a run reached, and its folder
    metrics.py     every number, from labels and scores
    drawing.py     the pictures of a run
    looking.py     what the first layers make of a sample
    events.py      TensorBoard's event file
    predictors.py  saved networks that read; scaling.py what they take, onnx_files.py the other kind
"""
