"""The command line ``ysc``. One file a command; nothing heavy is imported before it is needed.

Exit status: 0 done, 2 bad input (no traceback, nothing written), 1 internal failure, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from ysc_sim import words
from ysc_sim.errors import InvariantError, YscError

DONE, INTERNAL, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def main() -> NoReturn:
    """Run the command line; every error that a user can cause ends as a sentence, not as a traceback."""
    _choose_language(sys.argv[1:])
    _write_utf8()
    try:
        from ysc_sim.cli.commands import app

        app()
        sys.exit(DONE)
    except KeyboardInterrupt:
        _complain(words.text("cli.interrupted"))
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer has caught the interruption, and ends without a word
            _complain(words.text("cli.interrupted"))
        raise
    except InvariantError as error:
        _complain(str(error))
        sys.exit(INTERNAL)
    except YscError as error:
        _complain(str(error))
        sys.exit(BAD_INPUT)
    except BrokenPipeError:
        # The reader of a pipe has gone (ysc schema | head): not an error, but Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)


def _choose_language(arguments: list[str]) -> None:
    """``--lang`` decides before the command line is built, because the help is translated too."""
    for here, argument in enumerate(arguments):
        value = ""
        if argument == "--lang" and here + 1 < len(arguments):
            value = arguments[here + 1]
        elif argument.startswith("--lang="):
            value = argument.removeprefix("--lang=")
        if value in words.LANGUAGES:
            words.set_language(value)


def _write_utf8() -> None:
    """A Japanese Windows console writes cp932, which lacks signs that the tables use."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _complain(text: str) -> None:
    print(text, file=sys.stderr)
