//! Suppression lists as people have them: what each names, and which are refused.

use super::*;
use crate::domain::definition;
use crate::domain::row::suppression::Suppressed;

fn settings(rest: &str) -> RecipientsSettings {
    let text = format!(
        "connect = {{ instance_id = \"11111111-2222-3333-4444-555555555555\", contact_flow_id = \"66666666-7777-8888-9999-000000000000\", \
         source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\" }}\n[recipients]\n{rest}"
    );
    definition::parse(&text, "c.toml", "c").unwrap().recipients
}

fn lists(text: &str, rest: &str) -> Result<Lists, FileError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("list.csv"), text).unwrap();
    Lists::read(&settings(&format!("suppress = [\"list.csv\"]\n{rest}")), folder.path())
}

#[test]
fn numbers_and_keys_from_lists_with_and_without_a_header() {
    let plain = "default_region = \"US\"";
    let keyed = "default_region = \"US\"\nkey = \"id\"";
    for (text, rest, length) in [
        ("(202) 555-0143\n\n+12025550144\n12\n", plain, 2),
        ("why,Phone\nasked,202-555-0143\nasked,+1 202 555 0144\n", plain, 2),
        ("id,why\nc-1,asked\n", keyed, 1),
        ("2025550143\n2025550144\n", keyed, 4),
        ("\u{feff}Meier;2025550143\nMüller;2025550144\n", plain, 2),
        (
            "Name;phone\nMeier;2025550143\nMüller;2025550144\n",
            "default_region = \"US\"\nphone = \"Handy\"",
            2,
        ),
        ("sep=;\r\nphone;since\r\n2025550143;2026-01-05\r\n2025550144;5.1.2026\r\n", plain, 2),
        ("id,since\nc-1,2026-12-01\n", keyed, 1),
        ("phone,id\n,c-1\n2025550144,\n", keyed, 2),
    ] {
        let Lists { suppression, .. } = lists(text, rest).unwrap();
        assert_eq!(suppression.len(), length, "{text}");
        assert_eq!(suppression.check("+12025550143", "c-1"), Err(Suppressed::Listed), "{text}");
        assert_eq!(suppression.check("+12025550145", "c-2"), Ok(()), "{text}");
    }
}

/// A list with all columns of a key means one row; one with the first alone, or whose others are empty, whoever has that.
#[test]
fn keys_of_several_columns_are_compared_by_the_columns_that_a_list_has() {
    let rest = "default_region = \"US\"\nkey = [\"id\", \"site\", \"day\"]";
    let rows = ["1:1 1:A 1:x", "1:1 1:B 1:x", "1:1 1:A 1:y", "1:2 1:A 1:x"];
    for (text, left_out) in [
        ("id,site,day\n1,A,x\n", vec![0]),
        ("Day;note;Site;ID\nx;asked;B;1\n", vec![1]),
        ("id,site\n1,A\n", vec![0, 2]),
        ("id,day\n1,x\n", vec![0, 1]),
        ("id,site,day\n1,,\n", vec![0, 1, 2]),
        ("id,site,day\n1,B,\n2,A,x\n", vec![1, 3]),
        ("id\n1\n", vec![0, 1, 2]),
    ] {
        let Lists { suppression, lists } = lists(text, rest).unwrap();
        let on = |row: &&str| suppression.check("+12025550143", row).is_err();
        let found: Vec<usize> = (0..rows.len()).filter(|at| on(&rows[*at])).collect();
        assert_eq!(found, left_out, "{text}");
        assert_eq!(lists[0].keys, text.lines().count() as u64 - 1, "{text}");
    }
    let error = lists("id,site\n1,1.23E+15\n", rest).unwrap_err();
    assert!(matches!(error.problem, FileProblem::ListKeyCut { line: 2 }), "{error}");
    assert!(lists("site,day\nA,x\n", rest).is_err(), "nothing says who it is");
}

#[test]
fn numbers_that_may_be_read_wrongly_are_refused_all_at_once() {
    let error = lists("+12025550143\n2025550144\n202555014A\n", "").unwrap_err();
    let FileProblem::NotANumber { line: 2, reason: PhoneRejection::NoCountry, others: 1 } = error.problem
    else {
        panic!("{error}");
    };
    assert!(error.to_string().ends_with("; 1 more line like it"), "{error}");
    assert!(error.hint().is_some());
    // As a spreadsheet leaves +49 171 3920001.
    let error = lists("491713920001\n", "default_region = \"US\"").unwrap_err();
    let FileProblem::NotANumber { line: 1, reason: PhoneRejection::LostPlus, others: 0 } = error.problem
    else {
        panic!("{error}");
    };
}

/// As they are dialled nearby or in another country: somebody asked not to be contacted, and nothing says who.
#[test]
fn numbers_without_a_country_of_their_own_are_refused() {
    for (number, is_refused) in [
        ("555-0101", true),
        ("0491 570 156", true),
        ("(02) 5550 1234", true),
        ("12025550101234", true),
        ("+1 202 555", false),
        ("+99912345678", false),
        ("555-01", false),
        ("n/a", false),
    ] {
        let text = format!("phone,why\n+12025550143,\n{number},asked\n");
        let read = lists(&text, "default_region = \"US\"");
        match read {
            Err(error) => {
                assert!(
                    is_refused && matches!(error.problem, FileProblem::NotANumber { line: 3, .. }),
                    "{number}: {error}"
                );
                assert!(error.hint().is_some());
            }
            Ok(_) => assert!(!is_refused, "{number}"),
        }
    }
}

#[test]
fn what_is_of_no_use_is_said() {
    let Lists { suppression, lists } =
        lists("phone,why\r\n+12025550143,\r\n+112,short\r\n,nobody\r\n,\r\n", "").unwrap();
    assert_eq!((suppression.len(), lists.len(), lists[0].numbers, lists[0].keys), (1, 1, 1, 0));
    let told = lists[0].useless.as_ref().unwrap().to_string();
    let told = told.rsplit('/').next().unwrap();
    insta::assert_snapshot!(told, @"list.csv: 2 lines name nobody who can be sent to, first line 3: the phone number is too short");
}

/// Somebody who has opted out would be sent to: whoever wrote the list must say what it means.
#[test]
fn lists_that_are_not_understood_surely_are_refused() {
    let plain = "default_region = \"US\"\nphone = \"Handy-Nummer\"";
    let keyed = &format!("{plain}\nkey = \"kunden-nr\"");
    for (text, rest, told) in [
        (
            "Name;Telefon\nMeier;(202) 555-0101\n",
            keyed.as_str(),
            "no column `Handy-Nummer` or `kunden-nr`; it has: Name, Telefon",
        ),
        ("Name;Telefon\nMeier;(202) 555-0101\n", plain, "no column `Handy-Nummer`; it has: Name, Telefon"),
        ("Datum;Telefon\n01.12.2026;(202) 555-0101\n", keyed, "it has: Datum, Telefon"),
        ("Vorname;Handynr\nIda;(202) 555-0101\n", keyed, "it has: Vorname, Handynr"),
        (
            "Kundennr;Telefon\n77;\n78;(202) 555-0101\n",
            keyed,
            "line 3 has a phone number in column `Telefon`, and not in `Handy-Nummer`",
        ),
        ("Handynummer;Telefon\n;(202) 555-0101\n", keyed, "line 2 has a phone number in column `Telefon`"),
        ("Telefon\n0555\nabc\n1,20255E+10\n", keyed, "it has: Telefon"),
        ("Telefon\n0555\n", plain, "it has: Telefon"),
        ("(202) 555-0101;(202) 555-0102\n", plain, "no column"),
        ("(202) 555-0101\nc-1\n", keyed, "line 2: 'c'"),
        ("(202) 555-0101\n77\n", keyed, "line 2: the phone number is too short"),
        ("10045\n10046\n", plain, "2 lines, and none names anybody"),
        (
            "Handynummer\n0555\nabc\n",
            plain,
            "2 lines, and none names anybody who can be sent to; the first is line 2",
        ),
        ("Handynummer\n1,20255E+10\n", plain, "line 2 has more cells than the first line"),
        ("Handynummer;x\n1,20255E+10;\n", plain, "line 2: the spreadsheet has rounded"),
        ("Handynummer;Handy Nummer\n2025550143;\n", plain, "`Handy-Nummer` more than once"),
        ("", plain, "the list is empty"),
        ("\r\n;;\r\n", plain, "the list is empty"),
    ] {
        let error = lists(text, rest).expect_err(text);
        assert!(error.to_string().contains(told), "{text}: {error}");
        assert!(error.hint().is_some());
    }
    let error = lists("Handy-Nummer\r\n(202) 555-0101\r\nabc\r\n", plain).unwrap();
    assert_eq!(error.lists[0].useless.as_ref().unwrap().first.0, 3, "lines are those of the file");
}

/// A quote that is not closed hides whoever stands behind it: that is no list to go by.
#[test]
fn a_quote_that_swallows_a_line_is_refused() {
    for text in [
        "phone,note\n+12025550101,\"asked to stop\n+12025550102,stop\n",
        "phone,note\n+12025550101,\"asked\n+12025550102,no\n+12025550103,\"ok\"\n",
        "\"+12025550101\n+12025550102\n",
        "phone,note\n+12025550101,\"a \"b\" c\"\n",
    ] {
        let error = lists(text, "").unwrap_err();
        assert!(matches!(error.problem, FileProblem::ListQuote { .. }), "{text}: {error}");
        assert!(error.hint().is_some());
    }
    assert!(lists("phone,note\n+12025550101,\"asked\nto stop on 2026-05-01\"\n", "").is_ok());
}

#[test]
fn a_page_of_the_accounts_list_is_not_the_list() {
    let page =
        |more: &str| format!("{{\"OptedOutNumbers\":[{{\"OptedOutNumber\":\"+12025550101\"}}]{more}}}");
    assert!(lists(&page(""), "").is_ok());
    let error = lists(&page(",\"NextToken\":\"AAAA\""), "").unwrap_err();
    assert!(matches!(error.problem, FileProblem::ListPage), "{error}");
}
