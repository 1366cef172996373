"""Gets what the tests in a browser need, where that is possible: a browser and its driver.

``python -m tests.browser.prepare`` says what it does and what is missing; the tests that need
what is missing are then skipped. Nothing of it is part of the package.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv" / "browser"
NPM = ("axe-core@4.14.1", "typescript@5.9.3")
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEBIAN = ("chromium", "fonts-dejavu-core")
SECONDS = 150
"""After which a command that fetches something is given up."""

APT = ("apt-get", "-q", "-o", "Acquire::http::Timeout=15", "-o", "Acquire::Retries=1")


def chromium_program() -> str | None:
    """A browser of the Chromium family, or None."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def run(*words: str) -> bool:
    """Run a command; say so, and why it failed if it did."""
    print("$", " ".join(words), flush=True)
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as err:
        print(f"  {err}")
        return False
    if done.returncode:
        print("  " + "\n  ".join((done.stdout + done.stderr).strip().splitlines()[-3:]))
    return done.returncode == 0


def get_driver() -> str:
    """Install playwright; what is missing then, or ''."""
    if importlib.util.find_spec("playwright"):
        return ""
    constraints = str(ROOT / "constraints.txt")
    run(sys.executable, "-m", "pip", "install", "-q", "playwright", "-c", constraints)
    importlib.invalidate_caches()
    return "" if importlib.util.find_spec("playwright") else "playwright cannot be installed"


def get_browser() -> str:
    """Install Debian's chromium on a Debian machine; what is missing then, or ''."""
    if chromium_program():
        return ""
    if not (shutil.which("apt-get") and Path("/etc/debian_version").exists()):
        return "no chromium, and this is not a Debian machine to install it on"
    if os.geteuid() != 0:
        return "no chromium, and only root may install it: apt-get install chromium"
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    install = (*APT, "install", "-y", "--no-install-recommends", *DEBIAN)
    if not run(*install) and run(*APT, "update"):
        run(*install)
    return "" if chromium_program() else "chromium cannot be installed"


def get_checkers() -> str:
    """Fetch axe-core and TypeScript; what is missing then, or ''."""
    names = [one.partition("@")[0] for one in NPM]
    if all((TOOLS / "node_modules" / name).is_dir() for name in names):
        return ""
    if not shutil.which("npm"):
        return "no npm to fetch axe-core and TypeScript with"
    TOOLS.mkdir(parents=True, exist_ok=True)
    words = ("npm", "install", "--no-save", "--no-audit", "--no-fund", "--silent")
    fetched = run(*words, "--prefix", str(TOOLS), *NPM)
    return "" if fetched else "axe-core and TypeScript cannot be fetched"


def main() -> None:
    """Get all three, and say which tests will be skipped."""
    for missing in (get_driver(), get_browser(), get_checkers()):
        if missing:
            print(f"{missing}: tests that need it are skipped.", flush=True)


if __name__ == "__main__":
    main()
