"""Fuzz one target in this process, until libFuzzer has had enough: `python -m soak.one NAME`.

Arguments after the name are libFuzzer's. Atheris traces the reading code only, so that what is new
is new there.
"""

import sys

import atheris

TRACED = ["reckon.providers", "reckon.run.headers", "reckon.catalogue.fit"]


def main() -> None:
    """Fuzz; ends the process."""
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=TRACED):
        from soak.targets import TARGETS, load_all

        target = TARGETS[name]
        # Formats are loaded when first used; that must happen while imports are traced, and takes
        # longer than any input may.
        load_all()
        for body in target.bodies():
            target.check(body)
    atheris.Setup([sys.argv[0], *options], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
