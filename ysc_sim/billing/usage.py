"""What the meters say, month by month: peaks, and energy by price band."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np

from ysc_sim.billing.clock import LocalTimes, local_times, month_name, seconds_in_month
from ysc_sim.billing.money import round_whole
from ysc_sim.billing.tariff import Tariff
from ysc_sim.units import MWH_PER_KWH, Ints


@dataclass(frozen=True)
class Months:
    """Calendar months that the slots fall in."""

    numbers: tuple[int, ...]
    """Months since January 1970."""
    first: Ints
    """Slot that each month begins with, (M + 1,); the last is the number of slots."""
    covered_s: tuple[int, ...]
    """Seconds of each month that the slots cover."""
    times: LocalTimes

    @property
    def names(self) -> tuple[str, ...]:
        """``2026-08``"""
        return tuple(month_name(month) for month in self.numbers)

    def part_covered(self) -> list[tuple[str, float, int]]:
        """Months that the slots do not cover whole: name, days covered, days."""
        whole = [seconds_in_month(month) for month in self.numbers]
        return [
            (month_name(month), covered / 86_400, length // 86_400)
            for month, covered, length in zip(self.numbers, self.covered_s, whole, strict=True)
            if covered < length
        ]


def months_of(start: datetime, slot_s: int, slots: int) -> Months:
    """Months of ``slots`` slots of ``slot_s`` seconds from ``start`` on; a slot belongs to the month it
    begins in.
    """
    times = local_times(start, slot_s, slots)
    changes = np.flatnonzero(np.diff(times.month)) + 1
    first = np.concatenate([[0], changes, [slots]]).astype(np.int64) if slots else np.zeros(1, dtype=np.int64)
    numbers = tuple(int(times.month[k]) for k in first[:-1])
    return Months(numbers, first, tuple((np.diff(first) * slot_s).tolist()), times)


@dataclass(frozen=True)
class Usage:
    """Energy in whole mWh of ``R`` meters in ``M`` months."""

    energy_mwh: Ints
    """By price band or step, (M, B, R)."""
    adjusted_mwh: Ints
    """By band of the adjustment, (M, A, R); with steps A = 1."""


def largest_by_month(import_mwh: Ints, months: Months) -> Ints:
    """Largest slot of each month, (slots, R) -> (M, R)."""
    return np.array([np.maximum.reduce(import_mwh[a:b], axis=0) for a, b in pairwise(months.first)], dtype=np.int64)


def usage_of(tariff: Tariff, import_mwh: Ints, months: Months, start: datetime, slot_s: int) -> Usage:
    """Sums of slots (slots, R) by month and band."""
    slots = len(import_mwh)
    bands, others = len(tariff.band_names), max(len(tariff.adjustment_band_names), 1)
    band = tariff.bands(start, slot_s, slots)
    other = tariff.adjustment_bands(start, slot_s, slots) if tariff.adjustment_band_names else np.zeros_like(band)
    code = band * others + other
    energy = np.zeros((len(months.numbers), bands * others, import_mwh.shape[1]), dtype=np.int64)
    # Slots are summed in runs of one month and band: sums of contiguous rows, which is as fast as memory.
    change = np.flatnonzero((np.diff(code) != 0) | (np.diff(months.times.month) != 0)) + 1
    edges = np.concatenate([[0], change, [slots]]).astype(np.int64) if slots else np.zeros(1, np.int64)
    month = np.searchsorted(months.first, edges[:-1], side="right") - 1
    for a, b, m, c in zip(edges[:-1], edges[1:], month, code[edges[:-1]], strict=True):
        energy[m, c] += np.add.reduce(import_mwh[a:b], axis=0)
    split = energy.reshape(len(months.numbers), bands, others, import_mwh.shape[1])
    rule = tariff.rounding.kwh
    by_band = round_whole(np.add.reduce(split, axis=2), MWH_PER_KWH, rule)
    by_other = round_whole(np.add.reduce(split, axis=1), MWH_PER_KWH, rule)
    return Usage(_by_step(tariff, by_band) if tariff.steps_kwh else by_band, by_other)


def _by_step(tariff: Tariff, energy_mwh: Ints) -> Ints:
    """Cut the month's energy, (M, B, R) with all of it in the first step, at the steps."""
    month = np.add.reduce(energy_mwh, axis=1)
    limits = [0, *(round(limit * MWH_PER_KWH) for limit in tariff.steps_kwh)]
    reached = [np.maximum(month - limit, 0) for limit in limits]
    reached.append(np.zeros_like(month))
    return np.stack([upper - lower for upper, lower in pairwise(reached)], axis=1)
