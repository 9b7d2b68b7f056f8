//! Expressions that are wrong whatever the row says, each with the hint that is told, and those that are right.

use crate::domain::message::template::Template;
use crate::domain::table::header::Header;

/// What is told of a text, by a definition or once the file is known, which has these columns.
fn told(text: &str, columns: &[&str]) -> Option<String> {
    let header = Header::new(columns);
    let parsed = Template::parse(text).and_then(|template| template.for_columns(&header));
    parsed.err().map(|error| error.message)
}

/// Each text with a piece of what is told of it.
#[track_caller]
fn each_is_told(cases: &[(&str, &str)]) {
    for (text, hint) in cases {
        let told = told(text, &["points", "limit", "name", "day", "n", "Amount ($)"]);
        assert!(told.as_ref().is_some_and(|told| told.contains(hint)), "{text}: {told:?}");
    }
}

#[track_caller]
fn none_is_told(texts: &[&str]) {
    for text in texts {
        assert_eq!(told(text, &["points", "limit", "name", "day", "n"]), None, "{text}");
    }
}

#[test]
fn a_cell_is_not_compared_with_a_number_whatever_is_around_it() {
    each_is_told(&[
        ("{% if points > 100 %}x{% endif %}", "`points | int > 100`"),
        ("{% if (points) > 100 %}x{% endif %}", "`points | int > 100`"),
        ("{% if 100 < ((points)) %}x{% endif %}", "`100 < points | int`"),
        ("{% set p = points %}{% if p > 100 %}x{% endif %}", "`p | int > 100`"),
        ("{% with p = points %}{% if p > 100 %}x{% endif %}{% endwith %}", "`p | int > 100`"),
        ("{% for p in [points, limit] %}{% if p > 1.5 %}x{% endif %}{% endfor %}", "`p | float > 1.5`"),
        ("{% macro f(p) %}{% if p > 1 %}x{% endif %}{% endmacro %}{{ f(points) }}", "`p | int > 1`"),
        ("{% if points|int > limit %}x{% endif %}", "`points | int > limit | int`"),
        ("{% if points >= limit|int %}x{% endif %}", "`points | int >= limit | int`"),
        ("{% if (points if name else 0) > 3 %}x{% endif %}", "`(points if name else 0) | int > 3`"),
        ("{% if points[:2] > 3 %}x{% endif %}", "`points[:2] | int > 3`"),
        ("{% if points|default(0) > 100 %}x{% endif %}", "`points | default(0) | int > 100`"),
        ("{% if n | trim == 3 %}x{% endif %}", "| int == 3`"),
        ("{% if n in [99] %}x{% endif %}", "`n | int == 99`"),
        ("{% if n not in (1, 2, 3) %}x{% endif %}", "`n | int == 1`"),
        ("{% if n == true %}x{% endif %}", "`n == \"TRUE\"`"),
        ("{% if False != n %}x{% endif %}", "\"FALSE\""),
        ("{% if points > '100' %}x{% endif %}", "`points | int > 100`"),
        ("{% if '5' < n %}x{% endif %}", "`5 < n | int`"),
        ("{% if 1 < points < 5 %}x{% endif %}", "`1 < points | int`"),
        ("{% if column('Amount ($)') > 5 %}x{% endif %}", "`column(\"Amount ($)\") | int > 5`"),
        ("{% if points | number > 100 %}x{% endif %}", "`points | int > 100`"),
        ("{% if points|int == '3' %}x{% endif %}", "without quotes"),
    ]);
    none_is_told(&[
        "{% if points | int > 100 %}x{% endif %}",
        "{% if points | int > limit | int %}x{% endif %}",
        "{% if n == \"1\" or n in ['a', 'b'] %}x{% endif %}",
        "{% if 9 < n | int and (n | int) == 3 %}x{% endif %}",
        "{% for c in n %}{% if loop.index > 1 %}{{ c }}{% endif %}{% endfor %}",
        "{% set k = n | int %}{% if k > 3 %}x{% endif %}",
        "{% if n | default(0) | int > 2 and n | int(default=0) > 2 %}x{% endif %}",
        "{% if day > '2026-01-01' and (n ~ name) == 'x' %}x{% endif %}",
        "{% if n | length > 3 %}x{% endif %}",
        "{% for c in [1, 2] %}{{ c }}{% if c > 1 %}x{% endif %}{% endfor %}",
        "{% set points = points | int %}{% if points > 3 %}x{% endif %}",
        "points > 100",
    ]);
}

#[test]
fn two_cells_are_not_compared_letter_by_letter() {
    each_is_told(&[
        ("{% if points > limit %}x{% endif %}", "`points | int > limit | int`"),
        ("{% if (points | trim) <= limit %}x{% endif %}", "date(\"iso\")"),
        ("{% if day | date('iso') > points %}x{% endif %}", "`day | date(\"iso\") > points | date(\"iso\")`"),
        ("{% if day | date('%d.%m.%Y') > points | date('%d.%m.%Y') %}x{% endif %}", "date(\"iso\")"),
        ("{% if points | number > limit | number %}x{% endif %}", "`points | int > limit | int`"),
    ]);
    none_is_told(&[
        "{% if day | date('iso') > points | date('iso', from='%d.%m.%Y') %}x{% endif %}",
        "{% if day | date('%Y-%m-%d') > '2026-01-01' %}x{% endif %}",
        "{% if points == limit %}x{% endif %}",
        "{% if points | float > limit | float %}x{% endif %}",
    ]);
}

/// What is put together of cells is text too, and in lists and maps a cell stays one.
#[test]
fn texts_and_lists_made_of_cells_are_not_put_in_order_by_letters() {
    each_is_told(&[
        ("{% if points ~ '' > '9' %}x{% endif %}", "`(points ~ \"\") | int > 9`"),
        ("{% if '9' < '' ~ points %}x{% endif %}", "letter by letter"),
        ("{% if points ~ '' > 9 %}x{% endif %}", "| int > 9`"),
        ("{% if (points | int) ~ '' > '9' %}x{% endif %}", "| int > 9`"),
        ("{% if points + '' >= '9' %}x{% endif %}", "letter by letter"),
        ("{% if points ~ '' > limit ~ '' %}x{% endif %}", "9 is more than 100"),
        ("{% if points ~ '' > limit %}x{% endif %}", "9 is more than 100"),
        ("{% if (points ~ '') | trim > '9' %}x{% endif %}", "letter by letter"),
        ("{% if [points, limit] | join('') > '9' %}x{% endif %}", "letter by letter"),
        ("{% if 'n' | replace('n', points) > '9' %}x{% endif %}", "letter by letter"),
        ("{% set p %}{{ points }}{% endset %}{% if p > '9' %}x{% endif %}", "`p | int > 9`"),
        ("{% macro f(p) %}{{ p }}{% endmacro %}{% if f(points) > '9' %}x{% endif %}", "| int > 9`"),
        ("{% if [points] > ['9'] %}x{% endif %}", "`points | int`"),
        ("{% if ['9', 'a'] < [points] %}x{% endif %}", "`points | int`"),
        ("{% if (points, 1) > ('9', 1) %}x{% endif %}", "`points | int`"),
        ("{% if [points] > [limit] %}x{% endif %}", "`points | int`"),
        ("{% if [points ~ ''] > ['9'] %}x{% endif %}", "letter by letter in lists too"),
        ("{% if {'a': points}.a > '9' %}x{% endif %}", "| int > 9`"),
        ("{% if {'a': points}['a'] > 9 %}x{% endif %}", "| int > 9`"),
        ("{% set m = {'a': points} %}{% if m.a > '9' %}x{% endif %}", "| int > 9`"),
    ]);
    none_is_told(&[
        "{% if points ~ '' == '9' %}x{% endif %}",
        "{% if (points ~ limit) | int > 9 %}x{% endif %}",
        "{% if name ~ points > 'M' %}x{% endif %}",
        "{% if day | date('%Y') ~ '' > '2025' %}x{% endif %}",
        "{% if [points | int] > [9] %}x{% endif %}",
        "{% if (name, day) > ('M', '') %}x{% endif %}",
        "{% if [points] == ['9'] %}x{% endif %}",
        "{% if {'a': points, 'b': 3}.b > 2 %}x{% endif %}",
        "{% if {'a': points | int}.a > 9 %}x{% endif %}",
        "{% set p %}fixed{% endset %}{% if p > '9' %}x{% endif %}",
        "{{ (name ~ '-') * 3 }}{{ name ~ ' ' + day }}",
    ]);
}

#[test]
fn cells_are_neither_added_nor_counted_with() {
    each_is_told(&[
        ("{{ points + limit }}", "`points | int + limit | int`"),
        ("{{ (points) + limit }}", "`points ~ limit`"),
        ("{{ points + 10 }}", "`points | int + 10`"),
        ("{{ 10 + points }}", "`10 + points | int`"),
        ("{{ 1.5 + points }}", "`1.5 + points | float`"),
        ("{{ (points) - limit|int }}", "`points | int - limit | int`"),
        ("{{ points / 2 }}", "`points | int / 2`"),
        ("{{ points / limit }}", "`points | int / limit | int`"),
        ("{{ points * 2 }}", "`points | int * 2`"),
        ("{{ -points }}", "points | int"),
        ("{% set p = points %}{{ p * limit }}", "`p | int * limit | int`"),
        ("{{ points | number + 1 }}", "`points | int + 1`"),
    ]);
    none_is_told(&[
        "{{ 100 - points|int }}",
        "{{ points|int + limit|int }}",
        "{{ name + '!' }}{{ name + ' ' + day }}",
        "{{ '-' * 10 }}",
        "{{ -(points | int) }}",
    ]);
    // What could be an expression is a column where the file has it.
    for name in ["Date/time", "Name + Surname", "2024 - sales", "first - 2"] {
        assert_eq!(told(&format!("{{{{ {name} }}}}"), &[name]), None, "{name}");
        assert!(told(&format!("{{{{ {name} }}}}"), &["other"]).is_some(), "{name}");
    }
}

#[test]
fn what_is_no_text_is_not_put_into_one() {
    each_is_told(&[
        ("{{ name == 'Ann' }}", "`\"yes\" if name == \"Ann\" else \"no\"`"),
        ("{{ points is defined }}", "true or false"),
        ("{{ not name }}", "true or false"),
        ("{{ true }}", "column(\"true\")"),
        ("{{ none }}", "column(\"none\")"),
        ("{{ ['a', name] }}", "join"),
        ("{{ 'VIP: ' ~ (name == 'Ann') }}", "true or false"),
        ("{% set v = name == 'Ann' %}{{ v }}", "true or false"),
        ("{{ 'a' ~ (points | int) * 1.1 }}", "number(2)"),
        ("{{ \"name\" }}", "{{ name }}"),
        ("{{ 'name' | upper }}", "{{ name }}"),
        ("{{ \"AMOUNT ($)\" }}", "{{ column(\"AMOUNT ($)\") }}"),
        ("{{ column(name) }}", "column(\"name\")"),
    ]);
    none_is_told(&[
        "{{ 'yes' if name == 'Ann' else 'no' }}",
        "{{ \"other\" }}",
        "{{ 'name' if points else 'x' }}",
        "{{ name ~ ' ' ~ (points | int) }}",
    ]);
    // Of an expression that may be true or false for some rows, those rows are told.
    let template = Template::parse("{{ name == 'Ann' and name }}").unwrap();
    assert_eq!(template.render(|_| "Ann").as_deref(), Ok("Ann"));
    assert!(template.render(|_| "Bob").is_err());
}

#[test]
fn conditions_in_words_of_another_language_are_told() {
    for (text, hint) in [
        ("{{ vip = 'yes' }}", "write `==`"),
        ("{{ vip == 'yes' AND tier == 'gold' }}", "small letters"),
        ("{{ vip AND gold }}", "small letters"),
        ("{{ vip == 'yes' && tier == 'gold' }}", "write `and`"),
        ("{{ vip == 'yes' || tier == 'gold' }}", "`or` for `||`"),
        ("{{ vip <> 'yes' }}", "`!=` for `<>`"),
        ("{{ name LIKE 'A%' }}", "startingwith"),
        ("{{ points > limit }}", "`points | int > limit | int`"),
        ("{{ points > 100 }}", "`points | int > 100`"),
    ] {
        let told = Template::parse_condition(text).unwrap_err().message;
        assert!(told.contains(hint), "{text}: {told}");
    }
    for text in
        ["{{ vip == 'yes' }}", "{{ vip }}", "{{ Opted In }}", "{{ points | int > 5 and name is defined }}"]
    {
        assert!(Template::parse_condition(text).is_ok(), "{text}");
    }
}

/// A chain of operators is followed to its beginning, and takes no stack.
#[test]
fn long_chains_and_deep_brackets_are_followed_as_far_as_they_are_read() {
    let long = format!("{{{{ points + limit{} }}}}", " ~ name".repeat(1_000));
    assert!(told(&long, &["points", "limit", "name"]).is_some());
    let deep = format!("{{{{ {}points{} | int }}}}", "(".repeat(60), ")".repeat(60));
    assert_eq!(told(&deep, &["points"]), None);
    let branches = format!("{{% if name %}}x{}{{% endif %}}", "{% elif name %}y".repeat(900));
    assert_eq!(told(&branches, &["name"]), None);
    let calls = (0..20).fold("{% macro f0(x) %}{{ x }}{% endmacro %}".to_owned(), |text, at| {
        format!("{text}{{% macro f{}(x) %}}{{{{ f{at}(x) }}}}{{% endmacro %}}", at + 1)
    });
    let _ = told(&format!("{calls}{{{{ f20(name) }}}}"), &["name"]);
}
