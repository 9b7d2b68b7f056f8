"""Says of random numbers, instants and hours whether the number may be contacted, by Python's phonenumbers and zoneinfo.

usage: oracle.py COUNT SEED. A line of output, separated by tabs: number; its zones, sorted, or -; seconds since the epoch; the
hours, as a rule file has them; 1 where it is open in every zone, else 0; the same if the hour that clocks repeat were taken once.

North American numbers have all zones of their area code. The time zone database is that of PyPI's tzdata alone.
"""

import random
import sys
import zoneinfo
from datetime import datetime, timedelta, timezone

import phonenumbers
from phonenumbers import timezone as zones_of
from phonenumbers.phonenumberutil import is_number_type_geographical
from phonenumbers.tzdata import TIMEZONE_DATA

COUNT, SEED = int(sys.argv[1]), int(sys.argv[2])
chance = random.Random(SEED)
zoneinfo.reset_tzpath(to=())
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
BEGIN, END = 1_735_689_600, 2_051_222_400  # 2025 to 2034
ZONES = sorted({zone for zones in TIMEZONE_DATA.values() for zone in zones})


def offset(zone, at):
    return datetime.fromtimestamp(at, zone).utcoffset()


def transitions():
    """Instants at which a zone changes its clocks, found by halving days."""
    found = {}
    for name in ZONES:
        zone = zoneinfo.ZoneInfo(name)
        found[name] = []
        for day in range(BEGIN, BEGIN + 3 * 366 * 86_400, 86_400):
            low, high = day, day + 86_400
            before = offset(zone, low)
            if before == offset(zone, high):
                continue
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            found[name].append(high)
    return found


def numbers():
    """Valid numbers of all regions and types; a third of them North American, of every area code."""
    examples = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in range(11):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                examples.append(number)
    while True:
        if chance.random() < 0.33:
            text = f"+1{chance.randint(201, 989)}{chance.randint(200, 999)}{chance.randint(0, 9999):04}"
        else:
            example = chance.choice(examples)
            digits = list(phonenumbers.national_significant_number(example))
            for _ in range(chance.randint(0, 4)):
                digits[-chance.randint(1, min(4, len(digits)))] = str(chance.randint(0, 9))
            text = f"+{example.country_code}{''.join(digits)}"
        try:
            number = phonenumbers.parse(text, None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            yield number


def zones(number):
    kind = phonenumbers.number_type(number)
    if number.country_code == 1 and is_number_type_geographical(kind, 1):
        area = "1" + phonenumbers.national_significant_number(number)[:3]
        union = {zone for prefix, zones in TIMEZONE_DATA.items() if prefix.startswith(area) for zone in zones}
        if union:
            return sorted(union)
    found = zones_of.time_zones_for_number(number)
    return [] if "Etc/Unknown" in found else sorted(found)


def span():
    begin, end = chance.sample(range(0, 1441, chance.choice([5, 15, 60])), 2)
    return (begin, end) if begin != 1440 else (end, begin)


def hours():
    """By day, from Monday on, lists of spans in minutes; one that ends before it begins runs into the next day."""
    if chance.random() < 0.3:
        spans = [span() for _ in range(chance.randint(1, 2))]
        return [spans] * 7
    return [[span() for _ in range(chance.choice([0, 1, 1, 2]))] for _ in range(7)]


def written(week):
    clock = lambda minute: f"{minute // 60:02}:{minute % 60:02}"
    spans = lambda day: "[" + ", ".join(f'"{clock(a)}-{clock(b)}"' for a, b in day) + "]"
    return "open = { " + ", ".join(f"{name} = {spans(day)}" for name, day in zip(DAYS, week)) + " }"


def is_open(week, wall):
    minute = wall.hour * 60 + wall.minute
    today, yesterday = week[wall.weekday()], week[wall.weekday() - 1]
    return any(a <= minute < b if a < b else a <= minute for a, b in today) or any(
        a > b and minute < b for a, b in yesterday
    )


def main():
    changes = transitions()
    found = numbers()
    known = {}
    for _ in range(COUNT):
        number = next(found)
        names = zones(number)
        near = [at for name in names for at in changes[name]]
        if near and chance.random() < 0.5:
            at = chance.choice(near) + chance.randint(-3 * 3600, 3 * 3600)
        else:
            at = chance.randint(BEGIN, END)
        week = hours()
        verdict, once = bool(names), bool(names)
        for name in names:
            zone = known.setdefault(name, zoneinfo.ZoneInfo(name))
            wall = datetime.fromtimestamp(at, zone)
            verdict = verdict and is_open(week, wall)
            once = once and is_open(week, wall) and not wall.fold
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        print(e164, " ".join(names) or "-", at, written(week), int(verdict), int(once), sep="\t")


main()
