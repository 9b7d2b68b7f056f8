"""Writes workbooks with dates in generated formats, and says what openpyxl takes each cell for.

usage: oracle.py FOLDER COUNT SEED. Writes FOLDER/1900.xlsx and FOLDER/1904.xlsx, each with the columns phone and value; a line of
output a cell, separated by tabs: epoch, row, format, stored number, DATE text, TIME text, DURATION text or NUMBER.
"""

import datetime
import random
import sys

import openpyxl
from openpyxl.styles.numbers import is_date_format, is_timedelta_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(SEED)
DAYS = ["d", "dd", "ddd", "dddd"]
MONTHS = ["m", "mm", "mmm", "mmmm", "mmmmm"]
YEARS = ["yy", "yyyy"]
SEPARATORS = ["-", "/", ".", " ", '" de "', "\\-", "\\ ", ", ", '"年"', '"/"', "\\/"]
LOCALES = ["", "[$-409]", "[$-407]", "[$-804]", "[$-F800]", "[$-411]", "[Red]", "[$-x-sysdate]", "[DBNum1][$-804]"]
ENDS = ["", ";@", "_)", '" Uhr"', ";General"]
TIMES = ["h:mm", "hh:mm", "hh:mm:ss", "h:mm AM/PM", "h:mm:ss", '"um "hh:mm']
NUMBERS = ["0", "0.00", "#,##0", "0%", "General", '"day "0', "[Red]0", "0.00E+00", "# ?/?", '0" h"', "[$$-409]#,##0.00", "00000",
           '"d-m-y"0', "\\d0", "[>100]0;0.0", "_-* #,##0_-"]
DURATIONS = ["[h]:mm", "[hh]:mm:ss", "[mm]:ss", "[h]"]


def date_format():
    parts = [chance.choice(DAYS), chance.choice(MONTHS), chance.choice(YEARS)]
    chance.shuffle(parts)
    between = chance.choice(SEPARATORS)
    time = chance.choice(["", "", " " + chance.choice(TIMES)])
    return chance.choice(LOCALES) + between.join(parts) + time + chance.choice(ENDS)


def case():
    kind = chance.random()
    if kind < 0.5:
        day = chance.choice([chance.randint(61, 60000), chance.randint(61, 2958465), 61, 2958465])
        second = chance.choice([0, chance.randint(1, 86399)])
        return date_format(), day + second / 86400
    if kind < 0.65:
        return chance.choice(TIMES), chance.randint(1, 86399) / 86400
    if kind < 0.75:
        return chance.choice(DURATIONS), chance.randint(1, 500000) / 86400
    return chance.choice(NUMBERS), chance.choice([chance.randint(1, 99999), chance.randint(1, 99999) / 4])


def clock(seconds):
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return text + (f":{seconds % 60:02}" if seconds % 60 else "")


def said(code, value, epoch):
    if is_timedelta_format(code):
        seconds = round(value * 86400)
        text = f"{seconds // 3600}:{seconds // 60 % 60:02}"
        return "DURATION " + text + (f":{seconds % 60:02}" if seconds % 60 else "")
    if not is_date_format(code):
        return "NUMBER"
    moment = from_excel(value, epoch)
    if isinstance(moment, datetime.time):
        return "TIME " + clock(round(value * 86400))
    day = moment.replace(microsecond=0) + datetime.timedelta(seconds=round(moment.microsecond / 1e6))
    text = day.date().isoformat()
    seconds = day.hour * 3600 + day.minute * 60 + day.second
    return "DATE " + text + (f" {clock(seconds)}" if seconds else "")


for name, epoch in [("1900", CALENDAR_WINDOWS_1900), ("1904", CALENDAR_MAC_1904)]:
    book = openpyxl.Workbook()
    book.epoch = epoch
    sheet = book.active
    sheet.append(["phone", "value"])
    for row in range(2, COUNT + 2):
        code, value = case()
        if epoch == CALENDAR_MAC_1904 and value > 2957003:
            value -= 1462
        sheet.append(["+12025550101", value])
        sheet.cell(row, 2).number_format = code
        print(name, row, code, repr(value), said(code, value, epoch), sep="\t")
    book.save(f"{FOLDER}/{name}.xlsx")
