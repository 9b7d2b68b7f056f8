#!/usr/bin/env python3
"""`campaign check` on a large file, and the published approach of GOV.UK Notify on the same file in the same run.

    cargo build --release && python3 benches/check.py

Writes a CSV of a million rows and five columns (`--rows`), fictional numbers in several notations, below target/; checks
it with a message and attributes; and prints seconds, processor seconds and the greatest resident memory. The other side is
what GOV.UK Notify has published for its recipients files (notifications-utils): Python's csv, every number through
`phonenumbers` (parse, valid, type, E.164), placeholders filled in, and the message's characters held against the GSM
alphabet. It is written anew here, and as short as it can be, so that the comparison flatters Python. `phonenumbers` is
installed from PyPI into a virtual environment below target/. Fails where a bound is broken: 4 s, 64 MB.
"""

import argparse
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
PHONENUMBERS = "phonenumbers==9.0.43"
SECONDS, MEGABYTES = 4.0, 64

DEFINITION = """\
[connect]
instance_id = "11111111-2222-3333-4444-555555555555"
contact_flow_id = "66666666-7777-8888-9999-000000000000"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
[recipients]
key = "customer_id"
default_region = "US"
[contact]
message = "Hi {{ first_name }}, this is a reminder of your visit on {{ date }} at 9:00 am. Reply STOP to opt out."
attributes = { customer_id = "{{ customer_id }}", tier = "{{ tier }}" }
[cost]
per_segment = 0.00581
"""

# Area codes that are assigned; 555-0100 to 555-0199 are set aside for fiction in each.
AREAS = [
    201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228, 229,
    231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 272, 276, 281, 301, 302, 303,
    304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323, 325, 330, 331, 334,
    336, 337, 339, 347, 351, 352, 360, 361, 385, 386, 401, 402, 404, 405, 406, 407, 408, 409, 410, 412, 413,
    414, 415, 417, 419, 423, 424, 425, 430, 432, 434, 435, 440, 443, 469, 470, 475, 478, 479, 480, 484, 501,
    502, 503, 504, 505, 507, 508, 509, 510, 512, 513, 515, 516, 517, 518, 520, 530, 540, 541, 551, 559, 561,
    562, 563, 567, 570, 571, 573, 574, 575, 580, 585, 586, 601, 602, 603, 605, 606, 607, 608, 609, 610, 612,
    614, 615, 616, 617, 618, 619, 620, 623, 626, 630, 631, 636, 641, 646, 650, 651, 660, 661, 662, 678, 682,
    701, 702, 703, 704, 706, 707, 708, 712, 713, 714, 715, 716, 717, 718, 719, 720, 724, 727, 731, 732, 734,
    740, 754, 757, 760, 763, 765, 770, 772, 773, 774, 775, 781, 785, 786, 801, 802, 803, 804, 805, 806, 808,
    810, 812, 813, 814, 815, 816, 817, 818, 828, 830, 831, 832, 843, 845, 847, 848, 850, 856, 857, 858, 859,
    860, 862, 863, 864, 865, 870, 901, 903, 904, 906, 907, 908, 909, 910, 912, 913, 914, 915, 916, 917, 918,
    919, 920, 925, 928, 931, 936, 937, 940, 941, 947, 949, 951, 952, 954, 956, 970, 971, 972, 973, 978, 979,
    980, 985, 989,
]

# The other side, in a process of its own.
NOTIFY = r'''
import csv, json, re, resource, sys, time
import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
GSM = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
          "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€")
MESSAGE = "Hi {{ first_name }}, this is a reminder of your visit on {{ date }} at 9:00 am. Reply STOP to opt out."
pieces = re.split(r"\{\{ (\w+) \}\}", MESSAGE)
rows = errors = segments = 0
for row in csv.DictReader(open(sys.argv[1], encoding="utf-8", newline="")):
    rows += 1
    try:
        number = phonenumbers.parse(row["phone"], "US")
        if not phonenumbers.is_valid_number(number):
            raise ValueError
        if phonenumbers.number_type(number) in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.FIXED_LINE):
            raise ValueError
        phonenumbers.format_number(number, PhoneNumberFormat.E164)
    except ValueError:
        errors += 1
        continue
    except phonenumbers.NumberParseException:
        errors += 1
        continue
    text = "".join(row[piece] if at % 2 else piece for at, piece in enumerate(pieces))
    if set(text) <= GSM:
        segments += 1 if len(text) <= 160 else -(-len(text) // 153)
    else:
        segments += 1 if len(text) <= 70 else -(-len(text) // 67)
    if rows == int(sys.argv[2]):
        break
print(json.dumps({"rows": rows, "rejected": errors, "segments": segments}))
'''


def recipients(path, rows):
    chance = random.Random(1)
    names = ["Ada", "Grace", "Zoë", "José", "Łukasz", "Émilie", "Bob", "Charlotte", "Dmitri", "Wen"]
    forms = ["+1{}55501{:02}", "+1 ({}) 555-01{:02}", "{}-555-01{:02}", "1.{}.555.01{:02}", "({}) 555 01{:02}"]
    with open(path, "w", encoding="utf-8") as file:
        file.write("customer_id,first_name,phone,date,tier\n")
        for row in range(rows):
            phone = chance.choice(forms).format(AREAS[row // 100 % len(AREAS)], row % 100)
            tier = "gold" if row % 3 else "silver"
            file.write(f"C-{row},{chance.choice(names)},{phone},May {1 + row % 28},{tier}\n")


def measured(command):
    """Runs it: seconds, processor seconds, megabytes (of the largest child so far), and the last line of stdout."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3, 5):
        sys.exit(f"{command[0]} failed with {done.returncode}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, processor, after.ru_maxrss / 1000, json.loads(done.stdout.splitlines()[-1])


def python(folder):
    program = folder / "venv" / "bin" / "python"
    if not program.exists():
        venv.create(folder / "venv", with_pip=True)
        install = [program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PHONENUMBERS]
        subprocess.run(install, check=True)
    return str(program)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--python-rows", type=int, help="rows for Python, which takes minutes; default: all")
    built = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments.add_argument("--campaign", default=str(built / "release" / "campaign"), help="the program")
    asked = arguments.parse_args()
    folder = ROOT / "target" / "tmp" / "check"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "campaign.toml").write_text(DEFINITION)
    file = folder / f"recipients-{asked.rows}.csv"
    if not file.exists():
        recipients(file, asked.rows)

    check = [asked.campaign, "check", str(file), "-c", str(folder / "campaign.toml"), "--json", "-q"]
    seconds, processor, megabytes, told = measured(check)
    rate = asked.rows / processor
    print(f"campaign check: {told['rows']:,} rows, {told['rejected']:,} rejected in {seconds:.2f} s "
          f"({processor:.2f} s of processor, {megabytes:.0f} MB): {rate:,.0f} rows per processor second")

    (folder / "notify.py").write_text(NOTIFY)
    rows = asked.python_rows or asked.rows
    program = python(folder)
    slow, slow_processor, _, theirs = measured([program, str(folder / "notify.py"), str(file), str(rows)])
    slow_rate = theirs["rows"] / slow_processor
    print(f"Python's csv and phonenumbers: {theirs['rows']:,} rows, {theirs['rejected']:,} rejected in {slow:.2f} s "
          f"({slow_processor:.2f} s of processor): {slow_rate:,.0f} rows per processor second")
    print(f"ratio: {rate / slow_rate:.0f}")
    if asked.rows == 1_000_000 and (processor > SECONDS or megabytes > MEGABYTES):
        sys.exit(f"more than {SECONDS} s of processor or {MEGABYTES} MB")
    if rows == asked.rows and theirs["rejected"] != told["rejected"]:
        sys.exit("the two do not reject as many rows")


if __name__ == "__main__":
    main()
