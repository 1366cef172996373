"""The app around small datasets, asked without a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions
from signdata.media.video.clip import ClipOptions
from signdata.serving import app, background_audit
from signdata.serving.background_audit import BackgroundAudit
from signdata.serving.catalog import Catalog
from signdata.serving.decoding import Decoders
from signdata.serving.guard import Tokens
from signdata.serving.marks import Marks
from signdata.serving.prediction import Predictor
from signdata.serving.runs import Run
from signdata.serving.site import Site, SiteOptions

PORT = 8017
HOST = f"127.0.0.1:{PORT}"


@dataclass
class App:
    """An app that is asked with its token.

    Attributes
    ----------
    client : TestClient
        Sends the token with every request, and turns no answer into an error.
    stranger : TestClient
        Sends no token.
    """

    client: TestClient
    stranger: TestClient
    site: Site
    token: str

    def get(self, path: str, **keywords: Any) -> Any:
        """The JSON object at a path, which must be there."""
        answer = self.client.get(path, **keywords)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ids(self, query: str) -> list[str]:
        """Ids of the samples under a query."""
        return [one["id"] for one in self.get(f"/api/samples?n=200&{query}")["samples"]]


@contextmanager
def opened(
    *sources: Path,
    audited: bool = False,
    runs: Sequence[Path] = (),
    corrections: Path | None = None,
    model: Path | None = None,
    anonymous: bool = False,
    hosts: tuple[str, ...] = (),
) -> Iterator[App]:
    """An app around a dataset; with its audit already done if that is asked for."""
    catalog, audit = Catalog.empty(), BackgroundAudit()
    if sources:
        with open_source(list(sources), OpenOptions(clips=ClipOptions(times=True))) as reader:
            catalog = Catalog(reader)
            if audited:
                audit.found = background_audit.audited(reader, sources, 1, None)
                audit.state = "done"
    site = Site(
        catalog,
        [Run.open(path, path) for path in runs],
        Marks(catalog, corrections),
        Decoders(),
        Predictor(model) if model else None,
        audit,
        SiteOptions("data", anonymous),
    )
    tokens = Tokens()
    made = app.build(site, tokens, hosts, PORT)
    try:
        stranger = TestClient(
            made, f"http://{HOST}", raise_server_exceptions=False, follow_redirects=False
        )
        client = TestClient(
            made,
            f"http://{HOST}",
            raise_server_exceptions=False,
            follow_redirects=False,
            headers={"Authorization": f"Bearer {tokens.token}"},
        )
        yield App(client, stranger, site, tokens.token)
    finally:
        site.close()


def decoded(data: bytes) -> np.ndarray:
    """A picture's pixels, (H, W, 3)."""
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))
