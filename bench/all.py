"""All benches, one after the other: `make bench`."""

from bench import decoders, encoders, one_prompt, price_folder, startup


def main() -> None:
    """Run them."""
    for bench in (startup, one_prompt, price_folder, decoders, encoders):
        title = (bench.__doc__ or "").partition("\n")[0]
        print(f"\n{bench.__name__}: {title}", flush=True)
        bench.main()


if __name__ == "__main__":
    main()
