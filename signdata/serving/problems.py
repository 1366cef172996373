"""What goes wrong with a request, and the one form in which it is said."""

from __future__ import annotations

from signdata.errors import MissingError, OutputError, SigndataError, one_line


class ApiError(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    status : int
        HTTP status.
    what : str
        What is wrong, preferably as ``what; expected X, found Y``.
    where, remedy : str
        The part of the request, and what can be done; or ''.
    headers : dict, optional
        Headers of the answer.
    """

    def __init__(
        self,
        status: int,
        what: str,
        *,
        where: str = "",
        remedy: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(what)
        self.status, self.what, self.where, self.remedy = status, what, where, remedy
        self.headers = headers or {}

    def body(self) -> dict[str, dict[str, str]]:
        """The answer's JSON object."""
        texts = {"what": self.what, "where": self.where, "remedy": self.remedy}
        return {"error": {name: one_line(text) for name, text in texts.items()}}


def from_error(error: SigndataError) -> ApiError:
    """The answer for an error of the library: what cannot be read is no fault of the server's."""
    status = 422
    if isinstance(error, MissingError):
        status = 404
    elif isinstance(error, OutputError):
        status = 507
    # Of a path only its name is told: where things are on this machine is nobody's business.
    place = error.path.replace("\\", "/").rpartition("/")[2]
    where = ":".join(part for part in (place, error.where) if part)
    return ApiError(status, error.what, where=where, remedy=error.remedy)
