"""Where on Earth: coordinates to words, from a small table of cities. Never a guess.

The table gives city centres to a hundredth of a degree (about 1 km). It says which city is near,
not which country a point lies in: borders are not in it.
"""

import csv
import math
from functools import lru_cache
from pathlib import Path

import msgspec

EARTH_RADIUS_KM = 6371.0088
"""Mean radius, IUGG."""
NEAR_KM = 25
"""Up to here a place is "near" a city."""
KNOWN_KM = 300
"""Up to here a city is worth naming, with distance and direction; beyond, coordinates only."""

_DIRECTIONS = (
    "north",
    "north-east",
    "east",
    "south-east",
    "south",
    "south-west",
    "west",
    "north-west",
)


class City(msgspec.Struct, frozen=True):
    """One row of the table; degrees, north and east positive."""

    name: str
    country: str
    latitude: float
    longitude: float

    @property
    def title(self) -> str:
        """`Lisbon, Portugal`."""
        return self.name if self.country in ("", self.name) else f"{self.name}, {self.country}"


@lru_cache(maxsize=1)
def cities() -> tuple[City, ...]:
    """The table."""
    with Path(__file__).with_name("cities.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            City(row["city"], row["country"], float(row["latitude"]), float(row["longitude"]))
            for row in csv.DictReader(file)
        )


def distance_km(latitude: float, longitude: float, city: City) -> float:
    """Great-circle distance by the haversine formula."""
    south, north = math.radians(latitude), math.radians(city.latitude)
    turn = math.radians(city.longitude - longitude)
    half = math.sin((north - south) / 2) ** 2
    half += math.cos(south) * math.cos(north) * math.sin(turn / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


def direction(city: City, latitude: float, longitude: float) -> str:
    """Where the point lies as seen from the city, to an eighth of the compass."""
    start, end = math.radians(city.latitude), math.radians(latitude)
    turn = math.radians(longitude - city.longitude)
    east = math.sin(turn) * math.cos(end)
    north = math.cos(start) * math.sin(end) - math.sin(start) * math.cos(end) * math.cos(turn)
    return _DIRECTIONS[round(math.degrees(math.atan2(east, north)) / 45) % 8]


def coordinates(latitude: float, longitude: float) -> str:
    """`46.69° N, 7.86° E`."""
    return (
        f"{abs(latitude):.2f}° {'N' if latitude >= 0 else 'S'}, "
        f"{abs(longitude):.2f}° {'E' if longitude >= 0 else 'W'}"
    )


def place(gps: str) -> str:
    """Words for `latitude,longitude`, or nothing where the text is not that.

    Up to `NEAR_KM` a city is near; up to `KNOWN_KM` it is named with distance and direction.
    """
    try:
        latitude, longitude = (float(part) for part in gps.split(","))
    except ValueError:
        return ""
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return ""
    nearest = min(cities(), key=lambda city: distance_km(latitude, longitude, city))
    kilometres = distance_km(latitude, longitude, nearest)
    if kilometres <= NEAR_KM:
        away = f"{kilometres:.0f} km" if kilometres >= 1 else "less than 1 km"
        return f"near {nearest.title} ({away})"
    where = f"at {coordinates(latitude, longitude)}"
    if kilometres <= KNOWN_KM:
        side = direction(nearest, latitude, longitude)
        return f"{where}, {kilometres:.0f} km {side} of {nearest.title}"
    return where
