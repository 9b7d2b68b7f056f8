"""Writes workbooks with numbers and texts in generated formats, one for each calendar, and says how LibreOffice shows each.

usage: shown.py FOLDER COUNT SEED. Writes FOLDER/1900.xlsx and FOLDER/1904.xlsx with the columns phone and value, has LibreOffice write
them as CSV with cells as they are shown, and prints a line a cell, separated by tabs: calendar, row, format, stored value, text.
"""

import csv
import pathlib
import random
import subprocess
import sys

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

FOLDER, COUNT, SEED = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(SEED)
DIGITS = ["0", "00", "00000", "0.0", "0.00", "0.###", "#,##0", "#,##0.00", "#", "#.##", "#,###", "000-0000", "(000) 000-0000",
          "00\\-000", "0000 0000", "#,##0,", "0.0,,", "0.00E+00", "##0.0E+0", "# ?/?", "# ??/??", "?/?", "0%", "0.0%", "0.00%"]
BEFORE = ["", "", "", "$", "€ ", '"No. "', "[$£-809]", "[$€-407] ", "[$CHF] ", "\\#", "+"]
AFTER = ["", "", "", " €", '" km"', "\\ \\h", '"x"', " [$€-407]", "_)"]
NEGATIVE = ["", "", ";({})", ";-{}", ";[Red]-{}", ';"minus "{}']
ZERO = ["", ";0", ';"none"', ";-"]
DATES = ["d", "dd", "ddd", "dddd"], ["m", "mm", "mmm", "mmmm"], ["yy", "yyyy"]
SEPARATORS = ["-", "/", ".", " ", ", ", '" of "', "\\-"]
TIMES = ["h:mm", "hh:mm", "h:mm:ss", "hh:mm:ss", "h:mm AM/PM", "hh:mm AM/PM", "mm:ss"]
DURATIONS = ["[h]:mm", "[h]:mm:ss", "[mm]:ss", "[m]:ss", "[s]"]
CONDITIONS = ['[>=1000]#,##0;0.00', '[<1]0.00;0', '[=1]"one";[=2]"two";0', "[Blue][>100]0.0;[Red]0"]
LOCALES = ["", "", "[$-409]"]
# Languages by their numbers. LibreOffice has English names for Spanish of the USA, and other spellings of Hindi and Vietnamese.
LANGUAGES = ["407", "40C", "410", "C0A", "416", "413", "41D", "406", "40B", "415", "405", "40E", "41F", "419", "422", "402", "411",
             "804", "412", "809", "C07", "80C", "1009", "807", "C09", "4009", "1C09", "80A", "2C0A", "240A", "340A", "280A",
             "200A", "C0C", "100C", "810", "813", "816", "401", "403", "404", "408", "40D", "414", "418", "41A", "41B", "41E", "421",
             "424", "425", "426", "427", "43E", "C04"]
EAST = ['[$-411]ggge"年"m"月"d"日"', "[$-411]ge.m.d", '[$-411]gge"年"', "[$-411]aaaa", "[$-411]m-d(aaa)", "[$-804]aaaa",
        '[$-404]e"/"mm"/"dd', '[$-804]yyyy"年"m"月"d"日" dddd', '[$-411]yyyy"年"m"月"d"日" aaaa', "[$-F800]dddd, mmmm dd, yyyy"]
GENERAL = ["General", '"Room "General', "$General", 'General" pcs"', 'General;"minus "General', 'General;-General;"none"',
           "[Red]General", "[$€-407] General", 'General\\ "x"', '"Room "@']
NOTHING = [";;;", "0;;", "0;-0;", "0;;;@", '"a";;;', "#,##0.00;;"]
TEXTS = ['"Mr "@', '@" (new)"', "@", "[Red]@", '0;0;"Dr. "@', '0;0;0;"Dr. "@', "yyyy-mm-dd;@", "0.00", 'General" pcs"', '"Mr "@" Jr."',
         "0;0;0;", ";;;", "#,##0;[Red]-#,##0;;@", "\\M\\r\\ @"]
NAMES = ["Ann", "Zoë O'Neill", "0017", "x@example.com", "a;b", "李"]


def number():
    digits = chance.choice(DIGITS)
    # LibreOffice does not read an exponent, a fraction or a percentage beside a currency of brackets or with a blank, nor what only
    # aligns behind an exponent.
    fits = (lambda text: not set(text) & set("[€_")) if set(digits) & set("E/%") else (lambda text: True)
    plain = chance.choice(list(filter(fits, BEFORE))) + digits + chance.choice(list(filter(fits, AFTER)))
    negative = chance.choice(NEGATIVE)
    zero = chance.choice(ZERO) if negative else ""
    value = chance.choice([0, 1, -1, 0.5, -0.5, 42, 7, 1234.5, -1234.5, 0.15, 12345678, 2025550101, chance.randint(-99999, 99999),
                           chance.randint(-9999999, 9999999) / 1000, chance.randint(1, 999) / 1000])
    return plain + negative.format(plain) + zero, value


def date():
    parts = [chance.choice(part) for part in DATES]
    chance.shuffle(parts)
    time = chance.choice(["", "", " " + chance.choice(TIMES[:6])])
    day = chance.choice([chance.randint(61, 73000), 61, 45292]) + chance.choice([0, chance.randint(1, 86399) / 86400])
    return chance.choice(LOCALES) + chance.choice(SEPARATORS).join(parts) + time, day


def foreign():
    """A date in a language; without the short names, of which each program has its own."""
    language = chance.choice(LANGUAGES)
    # LibreOffice has English months in Korean, and others than Excel in Japanese.
    month = "mm" if language in ("411", "412") else chance.choice(["mmmm", "mm"])
    code = chance.choice(["d {} yyyy", "d {} yyyy", "dddd d {} yyyy", 'd "de" {} "de" yyyy', "dddd, d. {} yyyy", "dddd", "{} yyyy", "{}"])
    return f"[$-{language}]" + code.format(month), chance.randint(61, 73000)


def midnight():
    """The last moments of a day, and the first ones of calendars."""
    day = chance.choice([0, 1, 61, 45292, chance.randint(62, 73000)])
    before = chance.choice([0, 0.01, 0.4, 1, 59.99, 0.1]) / 86400
    code = chance.choice(["yyyy-mm-dd", "d mmm yyyy", "dddd", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd hh:mm", "hh:mm:ss", "hh:mm", "d"])
    return code, day + 1 - before


def case():
    kind = chance.random()
    if kind < 0.06:
        return foreign()
    if kind < 0.12:
        return chance.choice(EAST), chance.randint(33000, 60000)
    if kind < 0.17:
        return chance.choice(GENERAL), chance.choice([0, 7, -7, 0.5, 1234.5678, 0.1 + 0.2, chance.randint(-10**9, 10**9) / 1000])
    if kind < 0.2:
        return chance.choice(NOTHING), chance.choice([0, 5, -5, 0.25])
    if kind < 0.25:
        return chance.choice(TEXTS), chance.choice(NAMES)
    if kind < 0.3:
        return midnight()
    kind = chance.random()
    if kind < 0.6:
        return number()
    if kind < 0.8:
        return date()
    if kind < 0.88:
        return chance.choice(TIMES), chance.randint(0, 86399) / 86400
    if kind < 0.95:
        return chance.choice(DURATIONS), chance.randint(1, 500000) / 86400
    return chance.choice(CONDITIONS), chance.choice([0, 0.25, 1, 2, 3, 99, 101.25, 999, 1000, 54321])


# Comma, quote, UTF-8, from the first line, English, texts without quotes, no numbers as they are, cells as shown.
target = "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,false,true"
profile = f"-env:UserInstallation=file://{FOLDER.resolve()}/profile"
for name, count in [("1900", COUNT - COUNT // 5), ("1904", COUNT // 5)]:
    book = openpyxl.Workbook()
    if name == "1904":
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    sheet.append(["phone", "value"])
    cases = [case() for _ in range(count)]
    for at, (code, value) in enumerate(cases):
        sheet.append(["+12025550101", value])
        cell = sheet.cell(at + 2, 2)
        cell.number_format = code
        if isinstance(value, str):
            cell.data_type = "s"
    book.save(FOLDER / f"{name}.xlsx")
    command = ["soffice", profile, "--headless", "--convert-to", target, "--outdir", FOLDER, FOLDER / f"{name}.xlsx"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(FOLDER / f"{name}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert len(rows) == count, len(rows)
    for at, ((code, value), row) in enumerate(zip(cases, rows)):
        print(name, at + 2, code, value if isinstance(value, str) else repr(value), row[1], sep="\t")
