//! What looks wrong, mark by mark, and what does not.

use super::*;

fn names() -> foreign::Names {
    foreign::Names::new(&["phone".to_owned(), "First Name".to_owned(), "Termin".to_owned()])
}

#[test]
fn placeholders_of_other_programs_are_found() {
    for (text, mark) in [
        ("Hi #NAME#", "#NAME#"),
        ("Hi *|FNAME|*, welcome", "*|FNAME|*"),
        ("Hi @contact.name", "@contact.name"),
        ("Hi %%name%%", "%%name%%"),
        ("Hi $name", "$name"),
        ("Hi :name:", ":name:"),
        ("Hi ｛｛ name ｝｝", "｛｛ name ｝｝"),
        ("Hi name }}", "}}"),
        ("Hi {{ name", "{{"),
        ("Hi {{ whatever }}", "{{ whatever }}"),
        ("Am {termin}.", "{termin}"),
        ("Hi [First Name]", "[First Name]"),
        ("Hi <<anything>>", "<<anything>>"),
        ("Hi ${user.first}", "${user.first}"),
        ("Hi {!Contact.FirstName}", "{!Contact.FirstName}"),
        ("Hi <%= name %>", "<%= name %>"),
        ("Hi %s, see you", "%s"),
        ("Hi {0}", "{0}"),
        ("Hi __NAME__", "__NAME__"),
        ("Hi %FIRST_NAME%", "%FIRST_NAME%"),
        ("Hi :first_name, see you", ":first_name"),
    ] {
        assert_eq!(foreign::find(text, &names()), [mark], "{text}");
    }
}

#[test]
fn ordinary_texts_have_no_placeholders() {
    for text in [
        "At 10:30:15 on 2026-05-01",
        "50% off, 20% more",
        "$5 or $10, @home, #1 of 2 #winning",
        "[STOP] to end <3 {x}",
        "user@example.com, https://example.com/a?b=c%20d&e=f#g",
        "Total: 5 | 6 | 7 ~ about ~ 8",
        "C:\\temp a_b__c (see below)",
        "ﾄﾛﾄ ，。：",
        "5 * 3 ** 2 ^ 4",
        "",
    ] {
        assert_eq!(foreign::find(text, &names()), [""; 0], "{text}");
    }
}

#[test]
fn text_that_was_encoded_twice_is_found() {
    for cell in [
        "JosÃ©",
        "Oâ€™Brien",
        "O&#039;Brien",
        "O&#x27;Brien",
        "Tom &amp; Co",
        "Jos&eacute;",
        "Jos\u{fffd}",
        "Dvo?ák",
        "MÃ¼ller",
        "ÐŸÑ€Ð¸Ð²ÐµÑ‚",
        "Å\u{81}ukasz",
        "Â£5",
        "ðŸ˜€",
        "Ã\u{a0} bientÃ´t",
    ] {
        assert!(twice_encoded::find(cell).is_some(), "{cell}");
    }
}

#[test]
fn text_that_is_as_it_should_be_is_not() {
    for cell in [
        "José",
        "O’Brien",
        "Tom & Co; Ltd",
        "AT&T;",
        "„MENÜ“",
        "CAFÉ – Bar",
        "IRMÃ”",
        "ÎLE",
        "Ñandú",
        "Где?",
        "ok?",
        "https://example.com/?a=b&c=d;",
        "São João",
        "Ærøskøbing",
        "50 €",
        "",
    ] {
        assert_eq!(twice_encoded::find(cell), None, "{cell}");
    }
}

#[test]
fn words_for_nothing_are_known_and_names_are_none() {
    for cell in [
        "NULL",
        "null",
        "\\N",
        "nan",
        "NaN",
        "None",
        "undefined",
        "N/A",
        "(null)",
        "-",
        "n.a.",
        "[NULL]",
        "NA",
        "?",
    ] {
        assert!(means_nothing(cell), "{cell}");
    }
    for cell in ["", "Nan Li", "Na", "Nulla", "0", "no", "Nonna", "A", "X Æ", "Undine"] {
        assert!(!means_nothing(cell), "{cell}");
    }
}

#[test]
fn rows_of_totals_are_known() {
    for cell in ["Total", "TOTAL:", "Summe", "Grand Total", "Gesamt", "合计"] {
        assert!(is_total(cell), "{cell}");
    }
    for cell in ["Totally", "Sum Wong", "total 5 people", "", "Somme, rue"] {
        assert!(!is_total(cell), "{cell}");
    }
}

#[test]
fn each_code_is_found_by_its_name() {
    for code in WarningCode::ALL {
        assert_eq!(WarningCode::parse(code.name()), Some(code));
    }
    assert_eq!(WarningCode::parse("foreign"), None);
}
