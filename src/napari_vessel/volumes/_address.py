"""Addresses of volumes: taken apart, so that their secrets are never written anywhere."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from napari_vessel.errors import UnsupportedVolumeError

__all__ = ["REMOTE", "Address", "scheme_of"]

REMOTE = frozenset({"http", "https", "s3", "gs"})
"""Schemes that are read."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_FORMAT = re.compile(r"(zarr|n5|zarr2|zarr3)://(?=[A-Za-z][A-Za-z0-9+.-]*://)", re.IGNORECASE)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_GOOGLE = "https://storage.googleapis.com"


def scheme_of(text: str) -> str | None:
    """Return the scheme of an address, in lower case; None for a path.

    >>> scheme_of("n5://gs://bucket/kidney"), scheme_of("/data/a.zarr")
    ('gs', None)
    """
    found = _SCHEME.match(_FORMAT.sub("", text.strip()))
    return found[1].lower() if found else None


@dataclass(frozen=True)
class Address:
    """Where a remote volume is.

    Attributes
    ----------
    url
        Without user, password, query and fragment: what messages show.
    format
        What the address says it is, as the Human Organ Atlas writes ``n5://gs://…``.
    """

    url: str
    authorization: str | None = field(repr=False, default=None)
    query: tuple[tuple[str, str], ...] = field(repr=False, default=())
    format: Literal["zarr", "n5"] | None = None

    @classmethod
    def of(cls, text: str) -> Address:
        """Take an address apart.

        Raises
        ------
        UnsupportedVolumeError
            If it names no host or bucket.
        """
        told = _FORMAT.match(text.strip())
        plain = _FORMAT.sub("", text.strip())
        form: Literal["zarr", "n5"] | None = None
        if told:
            form = "n5" if told[1].lower() == "n5" else "zarr"
        try:
            parts = urlsplit(plain)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts_are_bucket(plain):
            return cls._of_bucket(plain, form)
        if not host:
            message = (
                "The address is no URL of a host; expected https://HOST/PATH.zarr, "
                "s3://BUCKET/PATH or gs://BUCKET/PATH."
            )
            raise UnsupportedVolumeError(message)
        named = f"[{host}]" if ":" in host else host
        place = named if port is None else f"{named}:{port}"
        url = urlunsplit((parts.scheme.lower(), place, parts.path.rstrip("/"), "", ""))
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        return cls(url, _basic(parts.username, parts.password), query, form)

    @classmethod
    def _of_bucket(cls, text: str, form: Literal["zarr", "n5"] | None) -> Address:
        """Take ``s3://bucket/path`` apart; secrets in such an address are dropped, not used."""
        scheme, _, rest = text.partition("://")
        bucket, _, path = rest.partition("/")
        bucket = bucket.rpartition("@")[2]
        path = re.split(r"[?#]", path, maxsplit=1)[0].rstrip("/")
        if not _BUCKET.fullmatch(bucket):
            message = f"{bucket[:80]!r} is no bucket; expected {scheme.lower()}://BUCKET/PATH."
            raise UnsupportedVolumeError(message)
        return cls(f"{scheme.lower()}://{bucket}/{path}".rstrip("/"), format=form)

    @property
    def scheme(self) -> str:
        """Of :attr:`url`."""
        return self.url.partition("://")[0]

    @property
    def http_url(self) -> str:
        """Where anybody reads it over HTTP: for a bucket, its public address.

        ``STORAGE_EMULATOR_HOST`` and ``AWS_ENDPOINT_URL`` name another server, as usual.
        """
        if self.scheme in {"http", "https"}:
            return self.url
        bucket, _, path = self.url.partition("://")[2].partition("/")
        if self.scheme == "gs":
            host = os.environ.get("STORAGE_EMULATOR_HOST") or _GOOGLE
        else:
            host = endpoint() or f"https://{bucket}.s3.amazonaws.com"
            if not endpoint():
                return f"{host}/{quote(path)}".rstrip("/")
        return f"{host.rstrip('/')}/{bucket}/{quote(path)}".rstrip("/")


def endpoint() -> str | None:
    """Return the address of the S3 service a person chose, where it is not Amazon's."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def parts_are_bucket(text: str) -> bool:
    """Tell an address of a bucket, whose name need not be that of a host."""
    return text.lower().startswith(("s3://", "gs://"))


def _basic(user: str | None, password: str | None) -> str | None:
    """Return the Authorization header of user and password (RFC 7617)."""
    if not user:
        return None
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return f"Basic {b64encode(pair).decode('ascii')}"
