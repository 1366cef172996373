"""Networks and how they are trained.

::

    models/                one architecture a file, named by a registry
    plots/                 the pictures of a run
    settings.py            settings: ours, and those of each network's source
    data.py                a dataset as one uint8 array
    holdout.py             what `val` and `test` are where a dataset has none
    batches.py             a split on its way to the device, whole or batch by batch
    batch_augmentation.py  pictures on their way into a network
    normalisation.py       pictures on the scale that a network takes
    imagemagick.py         ImageMagick's arithmetic on batches, on the device
    devices.py             CPU or CUDA, and the same result again there
    distributed.py         one run in several processes
    train.py               one run, top to bottom
    stages.py              its stages: val chooses the epoch, the final network learns from both
    learner.py             one epoch, and one evaluation
    epoch_choice.py        which of two epochs is better
    interrupts.py          Ctrl-C waits until a step is done
    train_log.py           a line an epoch, on the screen and in a file
    run_folder.py          what a run reached, and its folder
    metrics.py             every number, from labels and scores
    accuracy_warnings.py   why an accuracy should not be taken at its word
    activations.py         what the first layers make of a sample
    tensorboard.py         TensorBoard's event file
    baseline_runs.py       the command: one run or several, as a whole output
    baseline_report.py     what the command reports
    split_comparison.py    a random split of the rows against one by groups, and controls
    torch_check.py         one line where PyTorch is not installed
"""
