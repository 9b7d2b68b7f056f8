//! Bytes of more code pages, marks and programs: read, or refused with the names that would read them.

use super::{all_right, of_file, unless};

/// Bytes of a table whose names are in another encoding.
fn table(names: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"phone,name\r\n".to_vec();
    for (at, name) in names.iter().enumerate() {
        bytes.extend(format!("+1202555010{at},").into_bytes());
        bytes.extend(*name);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// What Oracle's UTF8 and old MySQL write: surrogates, each as UTF-8.
#[test]
fn surrogates_are_read_as_what_they_mean() {
    for (mark, encoding) in
        [(&b""[..], ""), (b"\xef\xbb\xbf", ""), (b"", "encoding = \"utf-8\""), (b"", "encoding = \"CESU-8\"")]
    {
        let bytes =
            [mark, b"phone,name\n+12025550101,Bob \xed\xa0\xbd\xed\xb8\x80\n+12025550102,Zo\xc3\xab\n"]
                .concat();
        assert_eq!(of_file(&bytes, encoding, "{{ name }}"), "2: Bob 😀 / 3: Zoë", "{encoding}");
    }
    let lone = b"phone,name\n+12025550101,Zo\xc3\xab \xe2\x82\xac\n+12025550102,Bob \xed\xa0\xbd\n";
    let said = of_file(lone, "encoding = \"CESU-8\"", "{{ name }}");
    assert!(said.starts_with("2: Zoë €") && said.ends_with("3: not-text"), "{said}");
}

/// The euro of ISO-8859-15 is a sign in Windows-1252 that nobody writes.
#[test]
fn a_euro_of_latin_9_is_one() {
    let mut wrong = Vec::new();
    for (row, read) in [
        (&b"Jos\xe9,5 \xa4"[..], "5 €"),
        (b"Ann,\xa45", "€5"),
        (b"Ann,5\xa4", "5€"),
        (b"Zo\xeb,1.234,50 \xa4", "row-long"),
        (b"Ann,\xa4", "€"),
        (b"O\x92Brien,5 \xa4", "cannot be told"),
        (b"Ann,c\xbdur", "ISO-8859-15 reads \"cœur\""),
        (b"\xa6koda,5 \xa4", "ISO-8859-15 reads \"Škoda\""),
    ] {
        let bytes = [b"phone,name,due\r\n+12025550101,", row, b"\r\n"].concat();
        let fate = of_file(&bytes, "", "{{ due }}");
        wrong.extend(unless(fate.contains(read), || format!("{read}: {fate}")));
    }
    all_right(&wrong);
}

/// Few words say too little; then the encoding that is right is among those to choose from.
#[test]
#[rustfmt::skip]
fn what_cannot_be_told_is_refused_with_the_encoding_that_is_right() {
    let cases: &[(&str, &[&[u8]], &str)] = &[
        ("x-mac-ce", &[b"\xfcukasz"], "Łukasz"),
        ("x-mac-ce", &[b"Micha\xb8", b"Pawe\xb8"], "Michał"),
        ("x-mac-ce", &[b"\xebofie"], "Žofie"),
        ("x-mac-ce", &[b"\xe5liwa"], "Śliwa"),
        ("x-mac-ce", &[b"Bo\xecena"], "Božena"),
        ("windows-1250", &[b"\xa3ukasz", b"\x8eofie", b"Ji\xf8\xed"], "Łukasz"),
        ("GBK", &[b"\xc0\xee\xc3\xf7", b"\xcd\xf5\xb7\xbc"], "李明"),
        ("Big5", &[b"\xa7\xf5\xa9\xfa", b"\xa4\xfd\xaa\xda"], "李明"),
        ("EUC-KR", &[b"\xb1\xe8\xc3\xb6\xbc\xf6"], "김철수"),
        ("Shift_JIS", &[b"\x8eR\x93c"], "山田"),
        ("windows-1254", &[b"\xc7a\xf0la", b"\xdeule"], "Çağla"),
        ("windows-1251", &[b"\xc8\xe2\xe0\xed"], "Иван"),
        ("KOI8-R", &[b"\xe9\xd7\xc1\xce"], "Иван"),
        ("windows-1253", &[b"\xcc\xe1\xf1\xdf\xe1"], "Μαρία"),
        ("windows-1255", &[b"\xe3\xe5\xe3"], "דוד"),
        ("windows-1256", &[b"\xe3\xcd\xe3\xcf"], "محمد"),
        ("windows-874", &[b"\xca\xc1\xaa\xd2\xc2"], "สมชาย"),
        ("macintosh", &[b"Jos\x8e"], "José"),
        ("ibm852", &[b"\x9dukasz"], "Łukasz"),
        ("windows-1257", &[b"J\xe2nis", b"B\xe7rzi\xf2\xf0"], "Jānis"),
    ];
    let mut wrong = Vec::new();
    for (encoding, names, first) in cases {
        let said = of_file(&table(names), "", "{{ name }}");
        let right = said.starts_with(&format!("2: {first}"))
            || said.contains(&format!("{encoding} reads \"{first}\""));
        wrong.extend(unless(right, || format!("{encoding} ({first}): {said}")));
    }
    all_right(&wrong);
}

/// A pound before digits is no letter of central Europe, however few other characters a file has.
#[test]
fn a_sign_of_money_is_no_letter() {
    let mut wrong = Vec::new();
    for (row, read) in [
        (&b"Ann,\xa334.30"[..], "£34.30"),
        (b"Jos\xe9,\xa334.30", "£34.30"),
        (b"Si\xe2n,\xa35", "£5"),
        (b"Ann\x92s,\xa334", "£34"),
        (b"Aya,\xa5500", "¥500"),
        (b"Ann,\xb15", "cannot be told"),
        (b"Ann,5 \xa3", "5 £"),
    ] {
        let bytes = [b"phone,name,due\r\n+12025550101,", row, b"\r\n"].concat();
        let fate = of_file(&bytes, "", "{{ due }}");
        wrong.extend(unless(fate.contains(read), || fate));
    }
    all_right(&wrong);
}

#[test]
#[rustfmt::skip]
fn more_code_pages() {
    // The names, the encoding, and whether it may be guessed: a wrong guess is worse than none.
    let cases: &[(&str, &[&[u8]], &str)] = &[
        // Mac: Jürgen, Zoë, Peña, Łukasz (Central European), Иван (Cyrillic), Γιώργος (Greek), Ayşe (Turkish).
        ("macintosh", &[b"J\x9frgen", b"Zo\x91", b"Gr\x9f\xa7e", b"Andr\x8e"], "Jürgen"),
        ("macintosh", &[b"Pe\x96a", b"Mu\x96oz", b"Mar\x92a"], "Peña"),
        ("macintosh", &[b"Fran\x8dois", b"H\x8el\x8fne", b"No\x91l"], "François"),
        ("macintosh", &[b"\x8cse", b"S\xbfren", b"Bj\xbfrn"], "åse"),
        ("x-mac-cyrillic", &[b"\x88\xe2\xe0\xed", b"\x8e\xeb\xfc\xe3\xe0"], "Иван"),
        // DOS: Müller, José, Łukasz (852), Ивaн (866), Γιώργος (737), Ayşe (857).
        ("ibm850", &[b"M\x81ller", b"Jos\x82", b"Fran\x87ois"], "Müller"),
        ("ibm437", &[b"Pe\xa4a", b"Mu\xa4oz", b"Garc\xa1a"], "Peña"),
        ("ibm852", &[b"\x9dukasz", b"Dvo\xfd\xa0k", b"\xac\xa1\xa7ek"], "Łukasz"),
        ("ibm866", &[b"\x88\xa2\xa0\xad", b"\x8e\xab\xec\xa3\xa0"], "Иван"),
        ("ibm737", &[b"\x82\xa0\xe9\xa8\x9a\xa6\xaa", b"\x8c\x98\xa8\xe5\x98"], "Γιώργος"),
        ("ibm857", &[b"Ay\x9fe", b"\xa7uk", b"G\x81l\x9fen"], "Ayşe"),
        // Windows and ISO.
        ("windows-1250", &[b"\xa3ukasz", b"Dvo\xf8\xe1k", b"\x8akoda"], "Łukasz"),
        ("windows-1251", &[b"\xc8\xe2\xe0\xed", b"\xce\xeb\xfc\xe3\xe0"], "Иван"),
        ("windows-1252", &[b"Jos\xe9", b"Zo\xeb", b"O\x92Brien"], "José"),
        ("windows-1253", &[b"\xc3\xe9\xfe\xf1\xe3\xef\xf2", b"\xcc\xe1\xf1\xdf\xe1"], "Γιώργος"),
        ("windows-1254", &[b"Ay\xfee", b"\xddlker", b"G\xfcl\xfeen"], "Ayşe"),
        ("iso-8859-2", &[b"\xa3ukasz", b"Dvo\xf8\xe1k"], "Łukasz"),
        ("iso-8859-15", &[b"Jos\xe9", b"Fr\xe9d\xe9ric"], "José"),
        ("koi8-r", &[b"\xe9\xd7\xc1\xce", b"\xef\xcc\xd8\xc7\xc1"], "Иван"),
        ("shift_jis", &[b"\x8eR\x93c\x91\xbe\x98Y", b"\x82\xb3\x82\xe2\x82\xa9"], "山田太郎"),
        ("euc-jp", &[b"\xbb\xb3\xc5\xc4", b"\xa4\xb5\xa4\xe4\xa4\xab"], "山田"),
        ("gb18030", &[b"\xcd\xf5\xd0\xa1\xc3\xf7", b"\xc0\xee\xcb\xc4"], "王小明"),
        ("big5", &[b"\xa4\xfd\xa4p\xa9\xfa", b"\xa7\xf5\xa5|"], "王小明"),
        ("euc-kr", &[b"\xb1\xe8\xc3\xb6\xbc\xf6", b"\xb9\xda\xbf\xb5\xc8\xf1"], "김철수"),
        ("windows-874", &[b"\xca\xc1\xaa\xd2\xc2", b"\xca\xc1\xcb\xad\xd4\xa7"], "สมชาย"),
        ("windows-1255", &[b"\xe3\xe5\xe3", b"\xf9\xf8\xe4"], "דוד"),
        ("windows-1256", &[b"\xe3\xcd\xe3\xcf", b"\xda\xe1\xed"], "محمد"),
    ];
    let mut wrong = Vec::new();
    for (encoding, names, first) in cases {
        let bytes = table(names);
        let named = of_file(&bytes, &format!("encoding = \"{encoding}\""), "{{ name }}");
        wrong.extend(unless(named.starts_with(&format!("2: {first}")), || {
            format!("{encoding} named: {named}")
        }));
        let guessed = of_file(&bytes, "", "{{ name }}");
        let right = guessed.starts_with(&format!("2: {first} ")) || guessed.contains("cannot be told");
        wrong.extend(unless(right, || format!("{encoding} ({first}) unnamed: {guessed}")));
    }
    all_right(&wrong);
}

#[test]
#[rustfmt::skip]
fn more_names_of_encodings() {
    let names: &[(&str, &[u8], &str)] = &[
        ("cp850", b"Jos\x82", "José"), ("IBM-850", b"Jos\x82", "José"), ("dos-850", b"Jos\x82", "José"),
        ("CP437", b"Jos\x82", "José"), ("oem437", b"Jos\x82", "José"), ("mac", b"Jos\x8e", "José"),
        ("MacRoman", b"Jos\x8e", "José"), ("x-mac-roman", b"Jos\x8e", "José"), ("Mac OS Roman", b"Jos\x8e", "José"),
        ("windows 1252", b"Jos\xe9", "José"), ("CP-1252", b"Jos\xe9", "José"), ("ANSI", b"Jos\xe9", "José"),
        ("Latin-1", b"Jos\xe9", "José"), ("iso8859-1", b"Jos\xe9", "José"), ("ISO_8859-15", b"Jos\xe9", "José"),
        ("latin9", b"Jos\xe9", "José"), ("cp1251", b"\xc8", "И"), ("win1251", b"\xc8", "И"),
        ("windows1251", b"\xc8", "И"), ("koi8r", b"\xe9", "И"), ("cp866", b"\x88", "И"), ("ibm866", b"\x88", "И"),
        ("sjis", b"\x8eR", "山"), ("MS932", b"\x8eR", "山"), ("Windows-31J", b"\x8eR", "山"), ("cp932", b"\x8eR", "山"),
        ("gbk", b"\xcd\xf5", "王"), ("GB2312", b"\xcd\xf5", "王"), ("cp936", b"\xcd\xf5", "王"),
        ("big5", b"\xa4\xfd", "王"), ("cp950", b"\xa4\xfd", "王"), ("cp949", b"\xb1\xe8", "김"),
        ("uhc", b"\xb1\xe8", "김"), ("EUC_KR", b"\xb1\xe8", "김"), ("tis-620", b"\xca", "ส"),
        ("UTF-8 BOM", "é".as_bytes(), "é"), ("utf8mb4", "é".as_bytes(), "é"), ("UTF-8-BOM", "é".as_bytes(), "é"),
        ("unicode-1-1-utf-8", "é".as_bytes(), "é"), ("cp65001", "é".as_bytes(), "é"), ("latin2", b"\xa3", "Ł"),
        ("cp1250", b"\xa3", "Ł"), ("iso-8859-5", b"\xb8", "И"), ("cp852", b"\x9d", "Ł"), ("us-ascii", b"x", "x"),
        ("ascii", b"x", "x"),
    ];
    let wrong = names.iter().filter_map(|(name, bytes, text)| {
        let is = of_file(&table(&[bytes]), &format!("encoding = \"{name}\""), "{{ name }}");
        unless(is == format!("2: {text}"), || format!("{name}: {is}"))
    });
    all_right(&wrong.collect::<Vec<_>>());
}

#[test]
fn marks_and_widths() {
    let text = "phone,name\r\n+12025550101,Zoë\r\n+12025550102,山田 Ⅳ\r\n";
    let le = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let be = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let le_32 = |text: &str| text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>();
    let cases: &[(&str, Vec<u8>)] = &[
        ("UTF-8", text.into()),
        ("UTF-8 with a mark", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("with two marks", [b"\xef\xbb\xbf\xef\xbb\xbf", text.as_bytes()].concat()),
        ("a mark encoded twice", [b"\xc3\xaf\xc2\xbb\xc2\xbf", text.as_bytes()].concat()),
        ("UTF-16LE with a mark", [b"\xff\xfe", &le(text)[..]].concat()),
        ("UTF-16BE with a mark", [b"\xfe\xff", &be(text)[..]].concat()),
        ("UTF-16LE", le(text)),
        ("UTF-16BE", be(text)),
        ("UTF-16LE with tabs", le(&text.replace(',', "\t"))),
        ("UTF-16LE, LF", le(&text.replace("\r\n", "\n"))),
        ("a mark in quotes", "\"\u{feff}phone\",name\n+12025550101,Zoë\n+12025550102,山田 Ⅳ\n".into()),
        ("CR", text.replace("\r\n", "\r").into()),
        ("lines that end with CR CR LF", text.replace("\r\n", "\r\r\n").into()),
        ("the end of DOS", [text.as_bytes(), b"\x1a"].concat()),
    ];
    let wrong = cases.iter().filter_map(|(what, bytes)| {
        let is = of_file(bytes, "", "{{ name }}");
        let right = is
            .split(" / ")
            .map(|row| row.split_once(": ").map_or(row, |(_, text)| text))
            .eq(["Zoë", "山田 Ⅳ"]);
        unless(right, || format!("{what}: {is}"))
    });
    all_right(&wrong.collect::<Vec<_>>());
    let is = of_file(&le_32(text), "", "{{ name }}");
    assert!(is.contains("UTF-32") || is.contains("NUL bytes"), "{is}");
    // Wide text of other scripts has no zeros to be known by.
    let is = of_file(
        &le("電話,名前\r\n09012345678,山田\r\n"),
        "phone = \"電話\"\nencoding = \"utf-16le\"",
        "{{ 名前 }}",
    );
    assert!(is.starts_with("2: "), "{is}");
}
