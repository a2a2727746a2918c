"""Times of the day, weather and moods as light: TIMES and WEATHERS, a row each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gen3d.painter.light import sky
from gen3d.painter.real import Real

Rgb = tuple[Real, Real, Real]
DARK = ("dusk", "night")
"""When lamps are lit."""


@dataclass(frozen=True, slots=True)
class Hour:
    """The light of a time of the day under a clear sky."""

    height_deg: Real
    """Of the sun or the moon."""
    aside_deg: tuple[Real, Real]
    """Its direction, from straight ahead; to the left or to the right."""
    sun: Rgb
    horizon: Rgb
    middle: Rgb
    zenith: Rgb
    glow: Rgb
    cloud: Rgb
    strength: Real = 0.9
    """Of the sky."""
    exposure: Real = 0.72
    stars: Real = 0.0
    disc: Real = 0.0
    window: Rgb = (8.0, 8.0, 8.2)
    """Light of a window."""
    lamps: Real = 0.6
    """How much lamps add."""


TIMES: dict[str, Hour] = {
    "dawn": Hour(
        7, (55, 85), (2.9, 1.75, 1.15), (1.15, 0.78, 0.66), (0.62, 0.58, 0.74), (0.22, 0.30, 0.54), (1.0, 0.55, 0.4),
        (1.3, 0.95, 0.9), exposure=0.86, window=(7.5, 5.6, 4.8),
    ),
    "morning": Hour(
        27, (95, 130), (3.6, 3.0, 2.25), (0.95, 0.90, 0.82), (0.46, 0.63, 0.92), (0.13, 0.28, 0.62), (0.8, 0.6, 0.4),
        (1.25, 1.2, 1.12),
    ),
    "noon": Hour(
        56, (110, 150), (3.8, 3.5, 3.0), (0.80, 0.88, 0.95), (0.38, 0.60, 0.95), (0.10, 0.26, 0.64), (0.6, 0.6, 0.5),
        (1.25, 1.25, 1.25), exposure=0.66,
    ),
    "afternoon": Hour(
        36, (75, 120), (3.8, 3.1, 2.25), (0.98, 0.90, 0.78), (0.46, 0.63, 0.90), (0.13, 0.28, 0.60), (0.9, 0.66, 0.4),
        (1.28, 1.2, 1.1), exposure=0.70,
    ),
    "evening": Hour(
        14, (62, 95), (4.3, 2.7, 1.35), (1.12, 0.82, 0.52), (0.48, 0.55, 0.74), (0.13, 0.25, 0.54), (1.0, 0.62, 0.3),
        (1.35, 1.0, 0.78), exposure=0.78, window=(9.0, 6.6, 4.2), lamps=0.9,
    ),
    "sunset": Hour(
        5.5, (8, 26), (3.8, 1.9, 0.8), (1.35, 0.70, 0.34), (0.72, 0.46, 0.50), (0.17, 0.20, 0.44), (1.3, 0.6, 0.22),
        (1.4, 0.72, 0.5), exposure=0.84, disc=6.0, window=(8.5, 4.8, 2.4), lamps=1.0,
    ),
    "dusk": Hour(
        16, (150, 170), (0.10, 0.12, 0.2), (0.62, 0.36, 0.34), (0.20, 0.22, 0.40), (0.05, 0.08, 0.20), (0.2, 0.1, 0.1),
        (0.34, 0.26, 0.34), strength=0.85, exposure=1.35, stars=0.25, window=(0.85, 1.0, 1.7), lamps=1.0,
    ),
    "night": Hour(
        24, (14, 30), (0.16, 0.20, 0.32), (0.060, 0.085, 0.16), (0.026, 0.042, 0.10), (0.008, 0.014, 0.045),
        (0.10, 0.13, 0.2), (0.10, 0.12, 0.18), strength=1.0, exposure=1.75, stars=1.0, disc=1.6,
        window=(0.16, 0.22, 0.42), lamps=1.0,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weather:
    """What the weather makes of it."""

    clouds: Real
    sun: Real = 1.0
    haze: Real = 0.0016
    """Per metre."""
    overcast: Real = 0.0
    dim: Real = 1.0
    grey: Real = 0.0
    """How far the sky's colours go to grey."""


WEATHERS: dict[str, Weather] = {
    "clear": Weather(0.28),
    "cloudy": Weather(0.62, 0.85),
    "overcast": Weather(1.0, 0.0, 0.003, 1.0, 0.85, 0.85),
    "fog": Weather(0.0, 0.12, 0.034, 0.0, 0.9, 0.8),
    "rain": Weather(1.0, 0.0, 0.010, 1.0, 0.62, 0.9),
    "storm": Weather(1.0, 0.0, 0.008, 1.0, 0.42, 0.85),
}
PREFERRED = ("morning", "afternoon", "evening", "afternoon")
"""What a seed chooses from where no time was said."""


def hour_of(time: str | None, mood: str | None, indoors: bool, rng: np.random.Generator) -> str:
    """The time of the day; a mood decides where no time was said."""
    by_chance = PREFERRED[rng.integers(len(PREFERRED))]
    by_mood = {"cosy": "dusk" if indoors else "evening", "gloomy": "dusk", "bright": "morning"}
    return time or by_mood.get(mood or "", by_chance)


def light_of(time: str, weather: str, rng: np.random.Generator, indoors: bool = False) -> tuple[np.ndarray, Hour]:
    """The row of lights (`light/sky.py`) without lamps and window, and the hour that it is of."""
    hour, clouds = TIMES[time], WEATHERS[weather]
    aside = np.radians(rng.uniform(*hour.aside_deg) * (-1 if indoors or rng.uniform() < 0.5 else 1))
    height = np.radians(hour.height_deg)
    sun = (np.sin(aside) * np.cos(height), np.sin(height), np.cos(aside) * np.cos(height))
    tones = [_greyed(rgb, clouds) for rgb in (hour.horizon, hour.middle, hour.zenith)]
    row = sky.row_of(
        sun=sun, sun_size=0.035 if time != "sunset" else 0.03, sun_rgb=np.multiply(hour.sun, clouds.sun),
        sky=hour.strength * clouds.dim, horizon=tones[0], middle=tones[1], zenith=tones[2],
        glow=np.multiply(hour.glow, clouds.sun), glow_width=0.7 if hour.stars else 1.0, haze=clouds.haze,
        clouds=clouds.clouds * (0.6 if hour.stars else 1.0), cloud_rgb=_greyed(hour.cloud, clouds),
        overcast=clouds.overcast, stars=hour.stars * (clouds.overcast == 0 and clouds.haze < 0.01),
        disc=hour.disc * clouds.sun, air=(1, 1, 1), ambient=np.multiply(tones[1], 0.10 * hour.strength * clouds.dim),
    )  # fmt: skip
    return row, replace(hour, exposure=hour.exposure / (0.45 + 0.55 * clouds.dim))


def _greyed(rgb: Rgb, weather: Weather) -> np.ndarray:
    grey = np.dot(rgb, (0.3, 0.5, 0.2)) * np.array([0.98, 1.0, 1.04])
    return np.array(rgb) * (1 - weather.grey) + grey * weather.grey
