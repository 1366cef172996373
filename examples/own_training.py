"""Train networks of your own on one prepared file: PyTorch, scikit-learn and Keras.

Usage: python own_training.py [DIR]
"""

import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import torch
from sklearn.svm import SVC
from torch.utils.data import DataLoader

import signdata


def main(root: Path) -> None:
    signdata.sample("sign-mnist", root / "toy", n=1200)
    signdata.convert(root / "toy", root / "asl.h5")
    train = signdata.torch.Dataset(root / "asl.h5", split="train", dtype=torch.float32)
    first = torch.nn.Conv2d(1, 16, 5, 2), torch.nn.ReLU(), torch.nn.Flatten()
    network = torch.nn.Sequential(*first, torch.nn.Linear(16 * 12 * 12, len(train.classes)))
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for epoch in range(8):
        for images, targets in DataLoader(train, batch_size=32, shuffle=True):
            loss = torch.nn.functional.cross_entropy(network(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.2f}")

    X, y, classes = signdata.numpy.load(root / "asl.h5", split="train")
    X_test, y_test, _ = signdata.numpy.load(root / "asl.h5", split="test")
    model = SVC(C=10).fit(X.reshape(len(X), -1) / 255, y)
    print(f"scikit-learn: {model.score(X_test.reshape(len(X_test), -1) / 255, y_test):.2f}")

    if find_spec("keras") is None:
        return print("Keras: not installed; with it, this trains a third network")
    os.environ["KERAS_BACKEND"] = "torch"  # read when Keras is imported
    from keras import Sequential, layers

    last = layers.Dense(len(classes), "softmax")
    third = Sequential([layers.Conv2D(16, 5, 2), layers.Flatten(), last])
    third.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    third.fit(X / 255, y, batch_size=32, epochs=8, verbose=0)
    print(f"Keras: {third.evaluate(X_test / 255, y_test, verbose=0)[1]:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
