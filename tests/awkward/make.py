"""Makes the files of tests/awkward/files. It needs openpyxl and zstandard; the files are kept, so nobody has to run it.

A file's name is WHAT.ROWS.EXTENSION: how many rows it has that are not blank, known here and not from the reader; `x`
where it is no table.
"""

import datetime
import gzip
import io
import os
import zipfile

import openpyxl
import zstandard

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "files")
A, B, C = "+12025550143", "+12025550144", "+12025550145"
PLAIN = f"phone,name\n{A},Ann\n{B},Bob\n{C},Cid\n"
ACCENTS = f"phone,name\n{A},Renée\n{B},Jürgen\n{C},Łukasz Żółw\n"
WEST = f"phone;name\n{A};Renée\n{B};Jürgen Groß\n{C};“Zoë” – €5\n"


def put(name, data):
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)


def book(name, rows, change=None, sheets=None):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Customers"
    for row in rows:
        sheet.append(row)
    for title in sheets or []:
        workbook.create_sheet(title).append(["nothing", "here"])
    if change:
        change(workbook, sheet)
    out = io.BytesIO()
    workbook.save(out)
    put(name, out.getvalue())
    return out.getvalue()


# Line ends, blank lines, ends of files.
put("plain.3.csv", PLAIN)
put("crlf.3.csv", PLAIN.replace("\n", "\r\n"))
put("cr-of-an-old-mac.3.csv", PLAIN.replace("\n", "\r"))
put("mixed-line-ends.3.csv", f"phone,name\r\n{A},Ann\r{B},Bob\n{C},Cid\r\n")
put("no-line-end-at-the-end.3.csv", PLAIN.rstrip())
put("blank-lines-everywhere.3.csv", "\n\n" + PLAIN.replace("\n", "\n\n") + "\n\n \n")
put("rows-of-empty-cells.3.csv", PLAIN.replace("\n", "\n,\n , \n"))
put("control-z-at-the-end.3.csv", PLAIN + "\x1a")
put("empty.x.csv", "")
put("only-blank-lines.x.csv", "\n \n\n")
put("only-a-header.x.csv", "phone,name\n")
put("only-a-header-without-line-end.x.csv", "phone,name")
put("only-a-byte-order-mark.x.csv", b"\xef\xbb\xbf")

# Encodings.
put("utf-8-with-mark.3.csv", b"\xef\xbb\xbf" + ACCENTS.encode())
put("utf-8.3.csv", ACCENTS)
put("two-marks.3.csv", b"\xef\xbb\xbf\xef\xbb\xbf" + ACCENTS.encode())
put("utf-16-le-with-mark.3.csv", b"\xff\xfe" + ACCENTS.encode("utf-16-le"))
put("utf-16-be-with-mark.3.csv", b"\xfe\xff" + ACCENTS.encode("utf-16-be"))
put("utf-16-le-without-mark.3.csv", ACCENTS.encode("utf-16-le"))
put("utf-16-tabs-as-excel-saves-unicode-text.3.txt", b"\xff\xfe" + ACCENTS.replace(",", "\t").replace("\n", "\r\n").encode("utf-16-le"))
put("utf-16-cut-in-a-character.3.csv", b"\xff\xfe" + ACCENTS.encode("utf-16-le")[:-3])
put("utf-32.x.csv", ACCENTS.encode("utf-32"))
put("windows-1252.3.csv", WEST.encode("cp1252"))
put("windows-1252-one-letter.3.csv", PLAIN.replace("Ann", "René").encode("cp1252"))
put("windows-1250.3.csv", (ACCENTS + f"\n").replace("Renée", "Příliš žluťoučký kůň").encode("cp1250"))
put("windows-1251.3.csv", f"phone,name\n{A},Наталья\n{B},Сергей\n{C},Здравствуйте\n".encode("cp1251"))
put("shift-jis.3.csv", f"phone,name\n{A},田中さん\n{B},佐藤ひろし\n{C},こんにちは\n".encode("shift_jis"))
put("ibm-850-of-old-programs.x.csv", f"phone,name\n{A},Renée Müller\n{B},Größe\n".encode("cp850"))
put("utf-8-with-one-broken-row.4.csv", ACCENTS.encode() + f"{A},Ren".encode() + b"\xe9\n")
put("nul-bytes.x.csv", b"phone,name\n+1202\0\0\0,\0x\n")
put("windows-1252-far-down.2001.csv", ("phone,name\n" + f"{A},Ann\n" * 2000).encode() + f"{B},Ren".encode() + b"\xe9e\n")

# Delimiters.
put("semicolons.3.csv", PLAIN.replace(",", ";"))
put("semicolons-and-commas-in-cells.2.csv", f"phone;name;sum\n{A};Ann;1,50\n{B};Bob, Jr.;2,75\n")
put("tabs.3.tsv", PLAIN.replace(",", "\t"))
put("pipes.3.csv", PLAIN.replace(",", "|"))
put("sep-line-of-excel.3.csv", "sep=;\r\n" + PLAIN.replace(",", ";"))
put("commas-in-a-header-of-semicolons.1.csv", f"name, first, last;phone;name\nx;{A};Ann\n")
put("one-column.x.csv", f"phone\n{A}\n{B}\n")
put("trailing-delimiters.3.csv", PLAIN.replace("\n", ",,,\n"))
put("trailing-delimiters-in-the-header-only.3.csv", PLAIN.replace("name", "name,,"))

# Quotes.
put("all-quoted.3.csv", "".join(",".join(f'"{c}"' for c in line.split(",")) + "\n" for line in PLAIN.splitlines()))
put("quotes-within.2.csv", f'phone,name\n{A},"Ann ""the boss"" A."\n{B},Bob "B" B.\n')
put("newlines-within.3.csv", f'phone,name\n{A},"Ann\nA."\n{B},"Bob\r\n\r\nB."\n{C},Cid\n')
put("delimiters-within.2.csv", f'phone,name\n{A},"A, Ann"\n"{B}","B, Bob"\n')
put("quote-never-closed.2.csv", f'phone,name\n{A},Ann\n{B},"Bob\n{C},Cid\n')
put("quote-closed-far-too-late.2.csv", f'phone,name\n{A},"Ann\n{B},Bob\n{C},"Cid\n{A},Dan\n')
put("text-behind-a-quote.2.csv", f'phone,name\n{A},"Ann" x\n{B}, "Bob"\n')
put("apostrophes-of-a-spreadsheet.2.csv", f"phone,name\n'{A},Ann\n'{B},'Bob\n")

# Widths and headers.
put("short-rows.3.csv", f"phone,name,x\n{A},Ann,1\n{B}\n{C},Cid\n")
put("long-rows.3.csv", f"phone,name\n{A},Ann,x\n{B},Bob,,\n{C},Cid,,y\n")
put("header-in-other-words.1.csv", f"  PHONE_ , First-Name,N a m e\n{A},x,Ann\n")
put("two-columns-of-one-name-not-used.1.csv", f"phone,x,name,X\n{A},1,Ann,2\n")
put("two-columns-of-one-name-used.x.csv", f"phone,Name,name\n{A},1,Ann\n")
put("no-phone-column.x.csv", f"mobile,name\n{A},Ann\n")
put("no-header.x.csv", f"{A},Ann\n{B},Bob\n")
put("column-without-a-name.1.csv", f"phone,,name\n{A},x,Ann\n")

# Cells.
put("long-cell.2.csv", f"phone,name\n{A},{'x' * 70_000}\n{B},Bob\n")
put("long-message.2.csv", f"phone,name\n{A},{'x' * 1100}\n{B},Bob\n")
put("many-columns.x.csv", "phone,name" + "," * 20_000 + "\n")
put("empty-cell-that-is-needed.2.csv", f"phone,name\n{A},\n{B},   \n")
put("errors-of-a-spreadsheet.4.csv", f"phone,name\n{A},#N/A\n#REF!,Bob\n{B},#1 fan\n{C},#NAME?\n")
put("rounded-cells.3.csv", f"phone,name\n4.41E+11,Ann\n{B},1.23457E+15\n{C},E+11\n")
put("emoji-and-other-planes.3.csv", f"phone,name\n{A},😀👩‍👩‍👧\n{B},𝒜𝓃𝓃\n{C},​Zero​Width\n")
put("right-to-left.2.csv", f"phone,name\n\u202a{A}\u202c,אנה\n{B},آنا\n")

# Numbers.
put("numbers-as-people-write-them.12.csv", "phone,name\n" + "".join(f'"{n}",x\n' for n in [
    "(202) 555-0100", "202.555.0101", "1-202-555-0102", "001 202 555 0103", "tel:+1-202-555-0104", "+1\u00a0202\u00a0555\u00a00105",
    "\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff10\uff16", "+1 202\u2011555\u20130107", "12025550108.0",
    "\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0660\u0669", "(+1) 202/555 0110", "\u200b2025550111\u200b"]))
put("what-is-no-number.14.csv", "phone,name\n" + "".join(f'"{n}",x\n' for n in [
    "", "n/a", "202-555", "202555010012345", "4.41E+11", "+1 002 555 0100", "442079460123", "+44 20 7946 0123", "+1 900 234 5678",
    "+999 123 4567", "2025550100 x12", "2025550100, 2025550101", "call 2025550100", "+"]))
put("duplicates.4.csv", f"phone,name\n{A},Ann\n(202) 555-0143,Ann again\n{B},Bob\n1 202 555 0143,Ann a third time\n")

# Compressed.
put("plain.3.csv.gz", gzip.compress(PLAIN.encode(), mtime=0))
put("windows-1252.3.csv.gz", gzip.compress(WEST.encode("cp1252"), mtime=0))
put("two-members.6.csv.gz", gzip.compress(PLAIN.encode(), mtime=0) + gzip.compress(PLAIN.partition("\n")[2].encode(), mtime=0))
put("cut.x.csv.gz", gzip.compress((PLAIN * 500).encode(), mtime=0)[:-20])
put("gzip-with-a-name-that-lies.3.csv", gzip.compress(PLAIN.encode(), mtime=0))
put("plain.3.csv.zst", zstandard.compress(PLAIN.encode()))
put("twice.x.csv.gz", gzip.compress(gzip.compress(PLAIN.encode(), mtime=0), mtime=0))

# Workbooks, and what is none.
HEADER = ["phone", "name"]
data = book("workbook.3.xlsx", [HEADER, [12025550143, "Ann"], ["+12025550144", "Bob"], [2025550145.0, "Cid"]], sheets=["Old", "Notes"])
put("workbook-with-another-name.3.csv", data)
put("workbook.3.xlsx.gz", gzip.compress(data, mtime=0))
book("workbook-digits-lost.2.xlsx", [HEADER, [12345678901234567890, "Ann"], [A, 98765432109876543210]])
book("workbook-gaps.2.xlsx", [[], [], HEADER, [], [A, "Ann"], [None, None], [B, None]])
book("workbook-dates-and-fractions.5.xlsx", [HEADER, [A, datetime.date(2026, 5, 1)], [B, datetime.datetime(2026, 5, 1, 9, 30)], [C, datetime.time(9, 0)], [A, 0.1 + 0.2], [B, True]])
book("workbook-errors.2.xlsx", [HEADER, [A, "#N/A"], ["#REF!", "Bob"]])
def hide(workbook, sheet):
    sheet.sheet_state = "hidden"
    workbook["Shown"].delete_rows(1)
    workbook["Shown"].append(HEADER)
    workbook["Shown"].append([A, "Ann"])
book("workbook-first-sheet-hidden.1.xlsx", [["secret"], ["x"]], hide, ["Shown"])
book("workbook-empty.x.xlsx", [])
put("workbook-cut.x.xlsx", data[: len(data) // 2])
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as file:
    file.writestr(zipfile.ZipInfo("recipients.csv"), PLAIN)
put("zip-archive.3.zip", archive.getvalue())
put("old-workbook.x.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 64)
put("web-page-with-another-name.x.xls", f"<html><table><tr><td>phone</td></tr><tr><td>{A}</td></tr></table></html>")
put("pdf.x.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
put("json.x.json", f'[{{"phone": "{A}", "name": "Ann"}}]\n')
