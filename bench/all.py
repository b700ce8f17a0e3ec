"""All benches, one after the other: `make bench`."""

from bench import catalogue, decoders, encoders, one_prompt, price_folder, startup, text_rows


def main() -> None:
    """Run them."""
    for bench in (
        startup,
        one_prompt,
        catalogue,
        price_folder,
        text_rows,
        decoders,
        encoders,
    ):
        title = (bench.__doc__ or "").partition("\n")[0]
        print(f"\n{bench.__name__}: {title}", flush=True)
        bench.main()


if __name__ == "__main__":
    main()
