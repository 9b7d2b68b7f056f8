"""Writes a workbook with numbers in generated formats, and says how LibreOffice shows each.

usage: shown.py FOLDER COUNT SEED. Writes FOLDER/shown.xlsx with the columns phone and value, has LibreOffice write it as CSV with
cells as they are shown, and prints a line a cell, separated by tabs: row, format, stored number, text.
"""

import csv
import pathlib
import random
import subprocess
import sys

import openpyxl

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


def case():
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


book = openpyxl.Workbook()
sheet = book.active
sheet.append(["phone", "value"])
cases = [case() for _ in range(COUNT)]
for at, (code, value) in enumerate(cases):
    sheet.append(["+12025550101", value])
    sheet.cell(at + 2, 2).number_format = code
book.save(FOLDER / "shown.xlsx")
# Comma, quote, UTF-8, from the first line, English, texts without quotes, no numbers as they are, cells as shown.
target = "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,false,true"
profile = f"-env:UserInstallation=file://{FOLDER.resolve()}/profile"
command = ["soffice", profile, "--headless", "--convert-to", target, "--outdir", FOLDER, FOLDER / "shown.xlsx"]
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
with open(FOLDER / "shown.csv", encoding="utf-8", newline="") as file:
    rows = list(csv.reader(file))[1:]
assert len(rows) == COUNT, len(rows)
for at, ((code, value), row) in enumerate(zip(cases, rows)):
    print(at + 2, code, repr(value), row[1], sep="\t")
