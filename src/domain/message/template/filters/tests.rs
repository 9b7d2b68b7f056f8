//! Filters, each with cells and what comes of them.

use super::*;
use crate::domain::message::template::{RenderError, Template};

fn render(text: &str, cell: &str) -> Result<String, String> {
    let template = Template::parse(text).map_err(|error| error.to_string())?;
    let cells = |at: usize| match template.columns()[at].as_str() {
        "name" => "ann lee",
        "date" => "2026-05-01 09:30",
        "us_date" => "05/01/2026",
        "amount" => "1234.5",
        "count" => "3",
        "tags" => "a, b",
        "empty" => "",
        _ => cell,
    };
    template.render(cells).map_err(|error| match error {
        RenderError::Empty(_) => "empty".to_owned(),
        RenderError::Failed { message, .. } => message,
    })
}

#[test]
fn every_example_comes_to_what_it_says() {
    for FilterDoc { name, example, text, .. } in FILTERS {
        assert_eq!(render(example, "").as_deref(), Ok(*text), "{name}");
        assert!(example.contains(&format!("| {name}")), "{example}");
    }
}

#[test]
fn dates_in_many_languages() {
    for (language, text) in [
        ("en", "Friday, May 1, 2026"),
        ("de", "Freitag, 1. Mai 2026"),
        ("fr", "vendredi 1 mai 2026"),
        ("es", "viernes, 1 de mayo de 2026"),
        ("it", "venerdì 1 maggio 2026"),
        ("pt", "sexta-feira, 1 de maio de 2026"),
        ("nl", "vrijdag 1 mei 2026"),
        ("sv", "fredag 1 maj 2026"),
        ("da", "fredag den 1. maj 2026"),
        ("pl", "piątek, 1 maja 2026"),
        ("cs", "pátek 1. května 2026"),
        ("hu", "2026. május 1., péntek"),
        ("ru", "пятница, 1 мая 2026 г."),
        ("el", "Παρασκευή 1 Μαΐου 2026"),
        ("tr", "1 Mayıs 2026 Cuma"),
        ("ja", "2026年5月1日金曜日"),
        ("zh", "2026年5月1日星期五"),
        ("ko", "2026년 5월 1일 금요일"),
        ("fi", "perjantaina 1. toukokuuta 2026"),
    ] {
        let template = format!("{{{{ x | date('full', language='{language}') }}}}");
        assert_eq!(render(&template, "2026-05-01").as_deref(), Ok(text), "{language}");
    }
    assert_eq!(render("{{ x | date('%B %Y', language='pl') }}", "2026-05-01").as_deref(), Ok("maj 2026"));
}

#[test]
fn cells_are_read_as_they_are_said_to_be() {
    for (template, cell, text) in [
        ("{{ x | date('%-d.%-m.', from='%d/%m/%Y') }}", "01/05/2026", "1.5."),
        ("{{ x | date('%I:%M %p') }}", "2026-05-01T15:05:00Z", "03:05 PM"),
        ("{{ x | date }}", "2026-05-01", "May 1, 2026"),
        ("{{ x | date(format='iso') }}", "2026-05-01 09:30:15", "2026-05-01"),
        ("{{ x | number(1) }}", "1234567.25", "1,234,567.3"),
        ("{{ x | number(2, from=',') }}", "1.234,5", "1,234.50"),
        ("{{ x | number }}", "1 234.50", "1,234.50"),
        ("{{ x | number(0) }}", "999.5", "1,000"),
        ("{{ x | currency('JPY', language='ja') }}", "1234.5", "¥1,235"),
        ("{{ x | currency('EUR', language='fr') }}", "-1234.5", "-1 234,50 €"),
        ("{{ x | currency('CHF', language='de') }}", "5", "5,00 CHF"),
        ("{{ x | currency('BRL', language='pt') }}", "5", "R$ 5,00"),
        ("{{ x | currency('MXN', language='es-MX') }}", "1234.5", "MX$1,234.50"),
        ("{{ x | currency('CHF', language='de-CH') }}", "1234.5", "CHF 1'234.50"),
        ("{{ x | currency('INR', language='hi') }}", "12345678.5", "₹1,23,45,678.50"),
        ("{{ x | number(0, language='en-IN') }}", "-1234567", "-12,34,567"),
        ("{{ x | number(0, language='en-IN') }}", "999", "999"),
        ("{{ x | date('%d.%m.%y', language='de-DE', from='%m/%d/%y') }}", "5/1/26", "01.05.26"),
        ("{{ x | date('%H:%M') }}", "09:30", "09:30"),
        ("{{ x | date('%-I:%M %p') }}", "15:05:30", "3:05 PM"),
        ("{{ x | date('%H:%M', from='%I:%M %p') }}", "3:05 PM", "15:05"),
        ("{{ x | date('%H:%M', from='%d/%m/%Y %H:%M') }}", "01/05/2026 00:00", "00:00"),
        ("{{ x | truncate(10) }}", "a long note on much", "a long..."),
        ("{{ x | truncate(10, end='') }}", "abcdefghijkl", "abcdefghij"),
        ("{{ x | urlencode }}", "a/b é", "a%2Fb%20%C3%A9"),
    ] {
        assert_eq!(render(template, cell).as_deref(), Ok(text), "{template}");
    }
}

#[test]
fn what_is_no_date_or_number_rejects_the_row() {
    for (template, cell) in [
        ("{{ x | date('long') }}", "05/01/2026"),
        ("{{ x | date('long') }}", "soon"),
        ("{{ x | date('long', from='%d/%m/%Y') }}", "05/31/2026"),
        ("{{ x | number(2) }}", "1,234"),
        ("{{ x | number(2) }}", "12,5"),
        ("{{ x | currency('EUR') }}", "five"),
        // Midnight is what nobody wrote, and so is the year 26.
        ("{{ x | date('%H:%M') }}", "2026-05-01"),
        ("{{ x | date('%-I %p') }}", "2026-05-01"),
        ("{{ x | date('%H:%M', from='%d/%m/%Y') }}", "01/05/2026"),
        ("{{ x | date('long') }}", "09:30"),
        ("{{ x | date('%d.%m.%Y %H:%M', from='%H:%M') }}", "09:30"),
        ("{{ x | date('long', from='%m/%d/%Y') }}", "5/1/26"),
        ("{{ x | date('%d.%m.', from='%m/%d/%Y') }}", "05/01/226"),
        ("{{ x | currency('EUR') }}", ""),
    ] {
        assert!(render(template, cell).is_err(), "{template} of {cell}");
    }
}

/// `1.234` is a thousand where a point stands between thousands, unless it is said which sign is which.
#[test]
fn a_point_that_may_be_that_of_thousands_rejects_the_row() {
    for (filter, cell) in [
        ("currency('EUR', language='de')", "1.234"),
        ("currency('EUR', language='es')", "2.500"),
        ("number(2, language='it')", "-12.500"),
        ("number(language='pt')", "999.000"),
        ("number(0, language='tr')", " +1.000 "),
        ("currency('DKK', language='da')", "3.141"),
        ("number(3, language='id')", "1.234"),
    ] {
        let failed = render(&format!("{{{{ x | {filter} }}}}"), cell).unwrap_err();
        assert!(failed.contains("from=\".\" or from=\",\""), "{filter} of {cell}: {failed}");
    }
    for (filter, cell, text) in [
        ("currency('EUR', language='de', from=',')", "1.234", "1.234,00 €"),
        ("currency('EUR', language='de', from='.')", "1.234", "1,23 €"),
        ("number(1, language='de')", "1.2345", "1,2"),
        ("number(2, language='de')", "1234.567", "1.234,57"),
        ("number(3, language='de')", "0.125", "0,125"),
        ("number(2, language='de')", "1.50", "1,50"),
        ("number(2, language='de')", "1,234.500", "1.234,50"),
        ("number(3)", "1.234", "1.234"),
        ("number(3, language='fr')", "1.234", "1,234"),
        // What was counted has a point for its fraction.
        ("float | number(3, language='de')", "1.234", "1,234"),
        ("float | number(3, language='de', from=',')", "1.234", "1,234"),
    ] {
        assert_eq!(
            render(&format!("{{{{ x | {filter} }}}}"), cell).as_deref(),
            Ok(text),
            "{filter} of {cell}"
        );
    }
}

#[test]
fn a_code_that_is_no_currency_s_is_told_with_the_one_that_was_meant() {
    for (code, meant) in [
        ("UDS", "did you mean USD?"),
        ("ERU", "did you mean EUR?"),
        ("GPB", "did you mean GBP?"),
        ("euro", "did you mean EUR?"),
        ("YPJ", "is none"),
        ("QQQ", "is none"),
        ("US", "did you mean USD?"),
    ] {
        let told = Template::parse(&format!("{{{{ x | currency('{code}') }}}}")).unwrap_err().to_string();
        assert!(told.contains(meant), "{code}: {told}");
    }
    for code in ["USD", "eur", "XOF", "HRK", "XCG", "AED", "ZWL"] {
        assert!(Template::parse(&format!("{{{{ x | currency('{code}') }}}}")).is_ok(), "{code}");
    }
}

#[test]
fn wrong_arguments_are_mistakes_of_the_definition() {
    for template in [
        "{{ x | date('%Q') }}",
        "{{ x | date('long', language='klingon') }}",
        "{{ x | currency('CHF', language='de-LI') }}",
        "{{ x | number(2, language='es-XX') }}",
        "{{ x | date('long', form='%d') }}",
        "{{ x | date('long', from='%!') }}",
        "{{ x | currency('euros') }}",
        "{{ x | currency }}",
        "{{ x | truncate(2) }}",
        "{{ x | number(2, from=';') }}",
        "{{ x | number(-1) }}",
        "{{ x | float | number(-2, language='de') }}",
        "{{ x | number(1 - 3) }}",
    ] {
        assert!(Template::parse(template).is_err(), "{template}");
    }
}

/// A fraction as a person writes it, wherever it is put into a text.
#[test]
fn fractions_have_no_noise() {
    for (text, cell, written) in [
        ("{{ (n | int) * 1.1 }}", "50", "55"),
        ("{{ (n | int) * 1.1 }}", "9", "9.9"),
        ("{{ (n | float) / 3 }}", "1", "0.333333333333333"),
        ("{{ (n | float) * 100 }}", "1.15", "115"),
        ("{{ n | float }}", "5.0", "5"),
        ("{{ (n | float) - 0.3 }}", "0.3", "0"),
        ("{{ ((n | int) * 1.1) | number }}", "50", "55"),
        (
            "{{ ((n | int) * 1.1) | number(2) }} {{ ((n | int) * 1.1) | currency('USD') }}",
            "50",
            "55.00 $55.00",
        ),
        ("{{ [(n | int) * 1.1, n] | join(' / ') }}", "50", "55 / 50"),
        ("{% set x %}{{ (n | int) * 1.1 }}{% endset %}{{ x }}", "50", "55"),
        ("{{ n | int }}", "98765432109876543210", "98765432109876543210"),
    ] {
        assert_eq!(render(text, cell).as_deref(), Ok(written), "{text}");
    }
    assert!(render("{{ 1 / (n | int) }}", "0").is_err());
}

/// What is no number names the cell, its value and the next step.
#[test]
fn a_cell_that_is_no_number_is_named_with_the_next_step() {
    for (text, cell, hint) in [
        ("{{ n | int }}", "1,234", "`number`"),
        ("{{ n | float * 2 }}", "1.234,50", "`number`"),
        ("{{ n | int }}", "many", "correct it"),
        ("{% if n | int > 3 %}x{% endif %}", "3 pcs", "| int"),
    ] {
        let failed = Template::parse(text).unwrap().render(|_| cell).unwrap_err();
        let RenderError::Failed { column: Some(0), message } = failed else { panic!("{text}: {failed:?}") };
        assert!(message.contains(hint) && message.contains(&format!("{cell:?}")), "{message}");
    }
    assert_eq!(render("{{ n | int(default=0) }}", "many").as_deref(), Ok("0"));
    assert_eq!(render("{{ n | int }}{{ n | float }}", " 3 ").as_deref(), Ok("33"));
    assert!(render("{{ n | abs }}", "3").unwrap_err().contains("`float`"));
}
