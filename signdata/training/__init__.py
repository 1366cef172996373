"""Networks and their training.

::

    models/                one file per architecture, and a registry
    run_plots.py           the pictures of a run
    settings.py            settings: ours, and those of each network's source
    data.py                a dataset as one uint8 array
    holdout.py             `val` and `test` for datasets without them
    batches.py             batches of a split on the device
    batch_augmentation.py  augmentation of batches
    normalisation.py       normalisation of pictures for a network
    imagemagick.py         ImageMagick's arithmetic on batches, on the device
    devices.py             CPU or CUDA, and reproducible results
    distributed.py         one run in several processes
    train.py               one run from start to finish
    stages.py              its stages: val chooses the epoch, the final network trains on both
    learner.py             training of an epoch, and evaluation
    epoch_choice.py        which of two epochs is better
    interrupts.py          delays Ctrl-C until a step is done
    train_log.py           one line per epoch, on the screen and in a file
    run_folder.py          the results of a run, and its folder
    metrics.py             metrics from labels and scores
    accuracy_warnings.py   reasons to doubt an accuracy
    activations.py         activations of the first layers
    tensorboard.py         TensorBoard's event file
    baseline_runs.py       the command: one run or several
    baseline_report.py     what the command reports
    split_comparison.py    a random split of the rows against one by groups, and controls
    torch_check.py         the one-line error if PyTorch is not installed
"""
