"""Writes the workbooks of `shown` and `old-kind`: pip install openpyxl xlwt, then python3 make.py in this folder."""

import datetime

import openpyxl
import xlwt

SHOWN = [
    (0.15, "0%"), (0.1234, "0.00%"), (34.3, '"$"#,##0.00'), (1234.5, '#,##0.00\\ "€"'), (42, "00000"), (1234567, "#,##0"),
    (-5, "0;[Red]\\-0"), (0, '0;0;"none"'), (0.5, "# ?/?"), (12345, "0.00E+00"),
    (datetime.date(2026, 5, 1), "d mmm yyyy"), (datetime.date(2026, 5, 1), "dddd, mmmm d"),
    (datetime.datetime(2026, 5, 1, 9, 30), "m/d/yyyy h:mm AM/PM"), (datetime.timedelta(hours=36, minutes=15), "[h]:mm"),
    (2025550143, "[<=9999999]###-####;(###) ###-####"), ("Ann", '0;0;0;"Dr. "@'), (12025550143, "General"), (3, '0 "pcs"'),
    (1234.5, '_-* #,##0.00\\ [$€-407]_-'), (True, "General"),
]

workbook = openpyxl.Workbook()
sheet = workbook.active
sheet.append(["phone", "value"])
for at, (value, code) in enumerate(SHOWN):
    sheet.append([f"+120255501{at:02}", value])
    sheet.cell(at + 2, 2).number_format = code
workbook.save("shown/people.xlsx")

old = xlwt.Workbook()
sheet = old.add_sheet("People")
for column, text in enumerate(["phone", "name", "date"]):
    sheet.write(0, column, text)
sheet.write(1, 0, "+12025550101")
sheet.write(1, 1, "Ann")
sheet.write(1, 2, datetime.date(2026, 5, 1), xlwt.easyxf(num_format_str="D-MMM-YY"))
old.save("old-kind/people.xls")
