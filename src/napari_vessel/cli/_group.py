"""How the program ends: a mistake in the arguments is one line too, and so is Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from napari_vessel.cli._output import fail

INTERRUPTED = 130
# typer has its own copy of click in some versions and click's in others.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class OneLineGroup(TyperGroup):
    """The commands, with errors told in one line instead of a box."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401  passed on as given
    ) -> Any:  # noqa: ANN401
        given = args, prog_name, complete_var, False, windows_expand_args
        if not standalone_mode:
            return super().main(*given, **extra)
        try:
            status = super().main(*given, **extra)
        except _UsageError as error:
            fail(_told(error))
            sys.exit(2)
        except (typer.Abort, KeyboardInterrupt):
            status = INTERRUPTED
        if status == INTERRUPTED:
            fail("Interrupted. What was done is kept.")
        sys.exit(status)


def _told(error: Any) -> str:  # noqa: ANN401  typer's or click's
    help_of = getattr(error.ctx, "command_path", None)
    more = f" See {help_of} --help." if help_of else ""
    return f"{error.format_message().rstrip('.')}.{more}"
