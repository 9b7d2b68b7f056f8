"""Writes languages.txt: names of months and days, forms of dates and signs of numbers by language, from Unicode CLDR.

    pip install babel==2.19.0 && python3 make_languages.py > languages.txt

A line a language, its parts between tabs: code; months in a date; months alone; short months; days from Monday; short days;
AM and PM; long date; full date; decimal sign; sign between thousands; where the sign of a currency stands; digits between two signs
beyond the first thousand (two in India). Forms of dates are
in the letters of `date`; spaces that do not break are plain ones, which GSM-7 has.
"""

import re

import babel

LANGUAGES = ("ar bg ca cs da de de-AT de-CH el en en-AU en-CA en-GB en-IE en-IN en-NZ en-ZA es es-419 es-AR es-CL es-CO es-CR es-MX "
             "es-PE es-US et fi fr fr-BE fr-CA fr-CH he hi hr hu id it it-CH ja ko lt lv ms nb nl nl-BE pl pt pt-PT ro ru sk sl sr sv "
             "th tr uk vi zh zh-HK zh-TW").split()
LETTERS = {"EEEE": "%A", "EEE": "%a", "MMMM": "%B", "LLLL": "%B", "MMM": "%b", "MM": "%m", "M": "%-m", "dd": "%d", "d": "%-d",
           "y": "%Y", "yyyy": "%Y", "cccc": "%A"}

def plain(text):
    return re.sub("[\u00a0\u202f\u200f\u200e\u061c]", lambda found: " " if found[0] in "\u00a0\u202f" else "", text)

def form(pattern):

    result = ""
    for found in re.finditer(r"'([^']*)'|(([A-Za-z])\3*)|([^A-Za-z'])", pattern):
        quoted, letters, _, other = found.groups()
        if quoted is not None:
            result += quoted
        elif letters:
            if letters.startswith("G"):
                continue
            result += LETTERS[letters]
        else:
            result += other
    return " ".join(plain(result).split())

for code in LANGUAGES:
    locale = babel.Locale.parse(code, sep="-")
    months, days = locale.months, locale.days
    position = "before" if locale.currency_formats["standard"].pattern.lstrip("\u200f\u200e").startswith("¤") else "behind"
    if "¤\u00a0" in locale.currency_formats["standard"].pattern and position == "before":
        position = "before-space"
    symbols = locale.number_symbols.get("latn") or locale.number_symbols
    parts = [code]
    for names in (months["format"]["wide"], months["stand-alone"]["wide"], months["format"]["abbreviated"]):
        parts.append("|".join(names[month] for month in range(1, 13)))
    for names in (days["format"]["wide"], days["format"]["abbreviated"]):
        parts.append("|".join(names[day] for day in range(7)))
    periods = locale.day_periods["format"]["wide"]
    parts.append(periods.get("am", "AM") + "|" + periods.get("pm", "PM"))
    parts += [form(locale.date_formats[length].pattern) for length in ("long", "full")]
    parts += [symbols["decimal"], symbols["group"], position, str(locale.decimal_formats[None].grouping[1])]
    print("\t".join(plain(part) if at in (1, 2, 3, 4, 5, 6) else part.replace("\u00a0", " ").replace("\u202f", " ") for at, part in enumerate(parts)))
