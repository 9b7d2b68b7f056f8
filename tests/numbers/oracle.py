"""Generates numbers as people write them, over all regions and formats, and says what Python's phonenumbers reads.

usage: oracle.py COUNT SEED. A line of output, separated by tabs: text, default region or -; E.164 or -, type or why not; the
same two for the text with plain spaces in it; and again for that with + for a leading 00 (two times - where none leads).
The type is that of phonenumbers in
upper case; "why not" is PARSE and its error, or INVALID and the reason.
"""

import random
import sys

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

COUNT, SEED = int(sys.argv[1]), int(sys.argv[2])
chance = random.Random(SEED)
TYPES = {value: name for name, value in vars(PhoneNumberType).items() if isinstance(value, int)}
REASONS = {value: name for name, value in vars(ValidationResult).items() if isinstance(value, int)}
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
NON_GEO = sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS)
SEPARATORS = [" ", "-", ".", "\u00a0", "\u2011", "\u2013", "/", "\u2009", "\u200b", "\u202f", ") ", " ("]
SPACES = "\u2009\u202f"
DIGITS = ["\u0660", "\uff10", "\u06f0", "\u0966"]


def examples():
    """An example number of every type in every region, and of those outside regions."""
    found = []
    for region in REGIONS:
        for kind in TYPES:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                found.append((region, number))
    for code in NON_GEO:
        number = phonenumbers.example_number_for_non_geo_entity(code)
        if number is not None:
            found.append((None, number))
    return found


def changed(national):
    """The digits with some of them changed, one more, one less, or as they are."""
    digits = list(national)
    what = chance.random()
    if what < 0.5:
        for _ in range(chance.randint(1, 6)):
            digits[chance.randrange(len(digits))] = str(chance.randint(0, 9))
        if what < 0.25:
            digits[-4:] = [str(chance.randint(0, 9)) for _ in digits[-4:]]
    elif what < 0.6:
        digits.insert(chance.randint(0, len(digits)), str(chance.randint(0, 9)))
    elif what < 0.7 and len(digits) > 3:
        del digits[chance.randrange(len(digits))]
    return "".join(digits)


def written(number):
    """The number in one of the forms that people write, and whether it names its country."""
    form = chance.randrange(8)
    if form == 0:
        return phonenumbers.format_number(number, PhoneNumberFormat.E164), True
    if form == 1:
        return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL), True
    if form == 2:
        return phonenumbers.format_number(number, PhoneNumberFormat.RFC3966), True
    if form == 3:
        return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL), False
    if form == 4:
        return phonenumbers.national_significant_number(number), False
    plain = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if form == 5:
        return plain, True
    if form == 6:
        return "00" + plain[1:], True
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL), False


def disguised(text):
    """Separators of other kinds, digits of other scripts."""
    if chance.random() < 0.3:
        text = text.replace(" ", chance.choice(SEPARATORS[:10])).replace("-", chance.choice(SEPARATORS[:10]))
    if chance.random() < 0.1:
        zero = ord(chance.choice(DIGITS))
        text = "".join(chr(zero + int(c)) if c in "0123456789" else c for c in text)
    return text


def read(text, region):
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        return "-", "PARSE " + str(error.error_type)
    if not phonenumbers.is_valid_number(number):
        return "-", "INVALID " + REASONS[phonenumbers.is_possible_number_with_reason(number)]
    return phonenumbers.format_number(number, PhoneNumberFormat.E164), TYPES[phonenumbers.number_type(number)]


found = examples()
out = sys.stdout
for _ in range(COUNT):
    region, example = chance.choice(found)
    national = changed(phonenumbers.national_significant_number(example))
    plus = f"+{example.country_code}{national}"
    try:
        number = phonenumbers.parse(plus, None)
        text, international = written(number)
    except phonenumbers.NumberParseException:
        text, international = plus, True
    text = disguised(text)
    default = region
    if international and chance.random() < 0.5:
        default = chance.choice([None, chance.choice(REGIONS)])
    number, kind = read(text, default)
    spaced = "".join(" " if c in SPACES else c for c in text)
    digits = phonenumbers.normalize_digits_only(text)
    plus = read("+" + digits[2:], None) if digits.startswith("00") and "+" not in text else ("-", "-")
    out.write("\t".join([text, default or "-", number, kind, *read(spaced, default), *plus]) + "\n")
