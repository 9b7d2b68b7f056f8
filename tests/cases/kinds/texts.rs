//! What only looks right in a text: words for nothing, text that was encoded twice, placeholders of other programs.

use super::super::{definition_text, warned};
use super::{all_right, file, unless};
use campaign::domain::definition::parse;

/// The codes of what is told of a cell that a message is made of.
fn told_of_cell(cell: &str) -> String {
    let text = format!("phone,name\n+12025550101,\"{}\"\n", cell.replace('"', "\"\""));
    let file = file(text.as_bytes());
    codes(warned(file.path().to_str().unwrap(), "Hi {{ name }}"))
}

fn codes(warnings: Vec<(String, String)>) -> String {
    let mut codes: Vec<String> = warnings.into_iter().map(|(code, _)| code).collect();
    codes.dedup();
    codes.join(" ")
}

#[track_caller]
fn each_cell_is(code: &str, cells: &[&str]) {
    let wrong = cells.iter().filter_map(|cell| {
        let is = told_of_cell(cell);
        unless(is == code || (!code.is_empty() && is.split(' ').any(|one| one == code)), || {
            format!("{cell:?} is {is:?}, not {code:?}")
        })
    });
    all_right(&wrong.collect::<Vec<_>>());
}

#[test]
#[rustfmt::skip]
fn more_words_for_nothing() {
    each_cell_is(
        "nothing-words",
        &[
            "NULL", "Null", "<null>", "[NULL]", "{null}", "(NULL)", "'NULL'", "\"null\"", "NULL NULL", "null null",
            "None", "NONE", "<None>", "NaN", "nan", "NaT", "<NA>", "<NaN>", "NA", "N/A", "n/a", "N.A.", "n.a.",
            "NA ", "N / A", "undefined", "undefined undefined", "[undefined]", "nil", "Nil", "Nothing", "DBNull",
            "System.DBNull", "(none)", "[none]", "-none-", "--None--", "--", "---", "----", "_", "__", "___", ".",
            "..", "...", "…", "–", "—", "•", "?", "??", "???", "*", "/", "//", "\\", "xxx", "XXXX", "TBD",
            "t.b.d.", "TBA", "TBC", "to be confirmed", "to be determined", "(blank)", "(Blank)", "[blank]", "blank",
            "(leer)", "(vide)", "(en blanco)", "(vuoto)", "(em branco)", "(空白)", "(空)", "(пусто)", "empty",
            "(empty)", "<empty>", "Unknown", "UNKNOWN", "unbekannt", "k.A.", "k. A.", "keine Angabe", "ohne", "N.N.",
            "nicht bekannt", "inconnu", "non communiqué", "N/C", "s/n", "S/D", "sin datos", "no consta",
            "desconocido", "sem nome", "não informado", "n/i", "senza nome", "n.d.", "onbekend", "geen", "nieznane",
            "brak", "není", "neuvedeno", "нет", "н/д", "не указано", "yok", "不明", "なし", "無", "无", "未知", "없음",
            "default", "(default)", "not applicable", "Not Available", "not found", "NOT SET", "No Name", "noname",
            "no first name", "[no name]", "anonymous", "0000-00-00", "0000-00-00 00:00:00", "00/00/0000",
            "1900-01-00", "1899-12-30", "01/01/1900", "0001-01-01T00:00:00", "9999-12-31", "Invalid date",
            "Invalid Date", "INVALID", "(invalid)", "NaN undefined", "Ann null", "null Lee", "Ann undefined",
            "Ann NaN", "Ann (null)", "Ann None", "Dr. NULL", "Infinity", "-Infinity", "inf", "1.#INF", "1.#QNAN",
            "{}", "[]", "{ }", "[ ]", "()", "<>", "\"\"", "''", "\\N", "\\0", "missing", "(missing)", "<missing>",
            "<unset>", "unset", "(unset)", "unspecified", "not specified", "void", "no value", "<no value>",
            "no data", "no answer", "(not set)", "(not provided)",
        ],
    );
    each_cell_is(
        "",
        &[
            "Ann", "Noah", "Nannie", "O'Null", "Mr. Nobody Owens", "Nadia", "Na", "Tba Lee", "-5", "A.", "J.", "X Æ",
            "X Gonzalez", "Dot", "Emptyway", "Miss Ing", "None of them", "Nonette", "Undefined Ltd", "Xu", "Xi",
            "Vo", "O", "Test Valley Clinic", "Testa", "Default Street 5", "5/2026", "2026-05-01", "Nielsen", "Wu",
            "李", "無双", "Inf. Dept", "Null Island Café", "$", "€", "%", "&", "+", "❤",
        ],
    );
}

#[test]
#[rustfmt::skip]
fn more_text_that_was_encoded_twice() {
    each_cell_is(
        "twice-encoded",
        &[
            // UTF-8 read as Windows-1252, as Latin-1, twice, thrice.
            "JosÃ©", "MÃ¼ller", "GarcÃ\u{ad}a", "FranÃ§ois", "PeÃ±a", "SÃ¸ren", "Ã\u{85}se", "Ã…se", "Ã‰ric",
            "Ã–zil", "Ãœnal", "WeiÃŸ", "Oâ€™Brien", "Ann â€“ Lee", "10 â‚¬", "Â£5", "5Â°", "Â©", "JosÃƒÂ©",
            "JosÃƒÆ’Ã‚Â©", "ÅukaszÄ™", "DvoÅ™Ã¡k", "Ä°lker", "AyÅŸe", "Î“ÎµÎ¹Î¬", "Ð˜Ð²Ð°Ð½", "×“×•×“", "Ù…Ø\u{ad}Ù…Ø¯",
            "å±±ç”°", "ì„œì—°", "ðŸ˜€", "â˜º", "ï»¿Ann", "JosĂ©", "MĂĽller", "JosГ©", "MГјller", "Jos├⌐", "M├╝ller",
            "Jos√©", "M√ºller", "РђРЅРЅР°", "╨Ш╨▓╨░╨╜", "–ò–≤–∞", "JosĂŠ",
            // Lost.
            "Jos\u{fffd}", "\u{fffd}ukasz", "Dvo?ák", "M?ller", "?ukasz", "Fran?ois", "Gro?e", "S??rensen", "Jos□",
            "Jos\u{25a1}",
            // HTML by name and by number, twice.
            "O&#039;Brien", "O&#39;Brien", "O&#x27;Brien", "O&apos;Brien", "Smith &amp; Sons",
            "Smith &amp;amp; Sons", "&quot;Ann&quot;", "Jos&eacute;", "M&uuml;ller", "Fran&ccedil;ois",
            "Stra&szlig;e", "&Aring;se", "S&oslash;ren", "Pe&ntilde;a", "Ann&nbsp;Lee", "&lt;Ann&gt;", "Ann&hellip;",
            "10 &euro;", "&pound;5", "O&rsquo;Brien", "&#8217;", "&#x2019;", "Dvo&rcaron;&aacute;k", "&Scaron;koda",
            "&Lstrok;ukasz", "&lstrok;", "&Idot;lker", "Ay&scedil;e", "&alpha;", "&iacute;", "&AMP;", "&Ccaron;",
            "&zwnj;Ann", "&lrm;Ann", "&thinsp;", "&emsp;Ann", "&times;", "&frac12;", "&sup2;", "&permil;", "&thorn;",
            "&eth;", "&AElig;", "&OElig;", "&#0;", "<b>Ann</b>", "Ann<br>", "<p>Ann</p>", "<br />", "Jos&eacute",
            "M&uuml;ller &amp; S&ouml;hne",
            // Escapes.
            "Jos%C3%A9", "M%C3%BCller", "Ann%20Lee", "O%27Brien", "Jos%E9", "Jos\\u00e9", "Jos\\xe9",
            "Jos\\xc3\\xa9", "O\\'Brien", "\\\"Ann\\\"", "Ann\\nLee", "Ann\\r\\nLee", "Ann\\tLee", "Jos=C3=A9",
            "Jos=E9", "Jos\\303\\251", "b'Ann'", "b\"Ann\"", "u'Ann'", "\\u{e9}", "Jos{\\'e}", "[object Object]",
            "Jos_x00e9_", "Ann_x0020_Lee", "M\\'uller", "%u00e9",
        ],
    );
    each_cell_is(
        "",
        &[
            "José", "Müller", "Ann & Bob", "AT&T", "R&D", "Ann?", "Really?", "What? Me?", "50%", "5% off", "100%C",
            "C:\\Users\\ann", "a = b", "5 < 6 > 4", "François", "Łukasz", "Dvořák", "Иван", "Анна", "РАН", "Сергей",
            "Γιώργος", "山田", "김철수", "Ângela", "Âge", "Ã", "ÃO", "São João", "JOÃO", "IRMÃ", "MARÃO", "LÃ", "Île",
            "Ñandú", "Øyvind", "Åse", "Đặng", "Nguyễn", "Çağ", "İlker", "Ayşe", "Þór", "Œuvre", "naïve", "“Ann”",
            "Ann – Lee", "O’Brien", "5 €", "£5", "½", "20°", "A©me", "https://example.com/?a=b&c=d",
            "https://example.com/a%20b", "ann@example.com?subject=x", "Tom & Jerry; friends", "❤️", "👩‍🔧", "=)",
            "<3", "Who?", "I <3 you", "x=1", "Q&A;", "Straße", "LÉA", "ΠΑΠΑΔΟΠΟΥΛΟΣ", "שלום", "محمد", "สมชาย",
            "नमस्ते", "Übergröße", "ÀÉÎÕÜ", "NOËL", "CAFÉ", "Smith&Sons", "50%de", "Room=B", "b'ah", "snake_xyz_",
            "Ann??", "“¿Qué?”",
        ],
    );
}

#[test]
#[rustfmt::skip]
fn more_placeholders_of_other_programs() {
    let file = file(b"phone,name,First Name,date\n+12025550101,Ann,Ann,May 1\n");
    let path = file.path().to_str().unwrap();
    // A text that is no template is refused, which is as good.
    let told = |message: &str| match parse(&definition_text("", message), "c.toml", "c") {
        Ok(_) => codes(warned(path, message)),
        Err(_) => "refused".to_owned(),
    };
    let marks = [
        // Mail merges: Word, LibreOffice, Outlook, Gmail add-ons.
        "Hi «name»", "Hi << name >>", "Hi <<First Name>>", "Hi <name>", "Hi < name >", "Hi <First Name>",
        "Hi {MERGEFIELD name}", "Hi { MERGEFIELD First_Name }", "Hi «First_Name»", "Hi ‹name›", "Hi $%name%",
        "Hi ##name##", "Hi ##First Name##",
        // Mailers: Mailchimp, SendGrid, Mailgun, Brevo, ActiveCampaign, Constant Contact, Klaviyo, HubSpot, Marketo,
        // Salesforce, Pardot, Iterable, Braze, Customer.io.
        "Hi *|FNAME|*", "Hi *|NAME:there|*", "Hi *|IF:NAME|*", "Hi -name-", "Hi %recipient.name%",
        "Hi %recipient_name%", "Hi {{contact.FIRSTNAME", "Hi %FIRSTNAME%", "Hi [[name]]", "Hi [[ First Name ]]",
        "Hi [% name %]", "Hi ~Contact.FirstName~", "Hi [FIRSTNAME]", "Hi {{{ name }}}", "Hi {name}", "Hi { name }",
        "Hi {{ name }", "Hi { name }}", "Hi {name,fallback=there}", "Hi {{lead.First Name:default=there}",
        "Hi ${name}", "Hi ${ name }", "Hi ${user.name}", "Hi $name$", "Hi $NAME", "Hi $[name]", "Hi #{name}",
        "Hi @{name}", "Hi {!Contact.FirstName}", "Hi {!name}", "Hi %%First Name%%", "Hi %%=v(@name)=%%",
        "Hi %%[name]%%", "Hi @name", "Hi @name@", "Hi @@name@@", "Hi |name|", "Hi ||name||", "Hi !!name!!",
        "Hi ^name^", "Hi ~name~", "Hi ~~name~~", "Hi _name_", "Hi __name__", "Hi ___NAME___", "Hi =name=",
        "Hi ==name==", "Hi &name;", "Hi \\name", "Hi :name", "Hi :name:", "Hi ::name::", "Hi %name", "Hi %name%",
        "Hi % name %", "Hi %s", "Hi %1$s", "Hi %1", "Hi %d days", "Hi %@", "Hi {0}", "Hi {1}", "Hi {}", "Hi {{}",
        "Hi $(name)", "Hi %(name)s", "Hi %{name}", "Hi <%= name %>", "Hi <% name %>", "Hi <?= $name ?>",
        "Hi <?php echo $name; ?>", "Hi <name/>", "Hi <first_name />", "Hi [name]", "Hi [ name ]", "Hi [Name],",
        "Hi [First Name]", "Hi [first_name]", "Hi [INSERT NAME]", "Hi [Your Name]", "Hi [customer name]",
        "Hi [Recipient's Name]", "Hi (name)", "Hi (First Name)", "Hi ((name))", "Hi (%name%)", "Hi [name|there]",
        "Hi {name|there}", "Hi {{name|there}", "Hi [[name|there]]", "Hi {name:there}", "Hi {name ?? there}",
        "Hi [name:fallback]", "Hi 【name】", "Hi 〔name〕", "Hi ｛name｝", "Hi ［name］", "Hi ＜name＞", "Hi 《name》",
        "Hi 〈name〉", "Hi （name）", "Hi ＄｛name｝", "Hi %%ＮＡＭＥ%%", "Hi {Vorname}", "Hi [Vorname]", "Hi {prénom}",
        "Hi [Nombre]", "Hi {nombre}", "Hi [nome]", "Hi {имя}", "Hi [名前]様", "Hi {名前}様", "%氏名%様",
        "Hi {{ first_name_typo", "Hi }}name{{", "Hi }} name {{", "Hi {{name}}}}", "Hi {{{{name}}", "Hi (( name ))",
        "Hi {%name%}", "Hi {:name}", "Hi {@name}", "Hi {$name}", "Hi {=name}", "Hi {?name}", "Hi {FIRST_NAME}",
        "Hi [FIRST_NAME]", "Hi <FIRST_NAME>", "Hi %FIRST_NAME%", "Hi FIRST_NAME", "Hi {first-name}",
        "Hi {firstName}", "Hi {user.firstName}", "Hi {customer['name']}", "Hi @Model.Name", "Hi @(Model.Name)",
        "Hi #name", "Hi #NAME#", "Hi #name#,", "Hi $!{name}", "Hi {{=name=}", "Link: [LINK]", "See {url}",
        "On {date}", "On [date]", "On <date>", "On %date%", "On [DATE]", "On {appointment_date}", "At [TIME]",
        "Pay [amount]", "Click <link>", "Hi [Name of patient]", "Hi XXXX,", "Hi [XXX],", "Hi ____,", "Hi ________",
        "Hi ...............,", "Hi [    ],", "Dear [Mr/Ms] Lee", "Hi NAME,", "Dear FNAME,", "Dear Name,",
        "Dear [Title] [Surname]", "Hi {{'{{'}} name }}", "Hi &lt;name&gt;", "Hi \\{\\{ name \\}\\}", "Hi \\{name\\}",
        "Hi {\u{200b}{ name }}", "Hi ❴name❵", "Hi ⦃name⦄", "Hi ⟨name⟩", "Hi ⟦name⟧", "Hi 「name」", "Hi 『name』",
        "Hi {*name*}", "Hi {/name}", "Hi {|name|}", "Hi [*name*]", "Hi [@name]", "Hi [$name]", "Hi [#name]",
        "Hi [=name]", "Hi [:name:]", "Hi [_name_]", "Hi [-name-]", "Hi [~name~]", "Hi [!name!]", "Hi %NAME",
        "Hi $$name$$", "Hi {{ \"{{ name\" }}",
    ];
    let wrong = marks.iter().filter_map(|message| {
        let is = told(message);
        unless(is == "foreign-placeholder" || is == "refused", || format!("{message:?} is {is:?}"))
    });
    all_right(&wrong.collect::<Vec<_>>());
    let ordinary = [
        "Hi {{ name }}", "Hi {{ name }}, at 10:30", "Hi {{ name }}: 5:30:10", "50% off for {{ name }}!",
        "Hi {{ name }} <3", "Pay $5 or £5", "Code: #1234", "Reply STOP to end",
        "See https://example.com/{{ name }}?a=b&c=d#e", "mail ann@example.com", "Hi {{ name }} (see below)",
        "[Acme] Hi {{ name }}", "Mon-Fri 9:00-17:00", "A&B, C & D;", "5 * 3 = 15", "a_b_c", "Hi {{ name }} — “soon”",
        "Ready? Yes/No", "(1) one (2) two", "Use code SAVE_20 today", "Track: @clinic", "#winning",
        "Your PIN is *1234*", "Price: 5,00 €", "100 %", "Q1: yes? Q2: no!", "Hi {{ name }} :)", "T&Cs apply",
        "~10 minutes", "1/2 price", "+1 202 555 0101", "AT&T", "C++ & C#", "Call (202) 555-0101", "Reply Y/N",
        "Dear {{ name }},", "\"Great\" news", "rock 'n' roll", "Name your price!", "The name is Ann",
        "First Name Clinic opens", "Bring your ID & date of birth",
    ];
    let wrong = ordinary.iter().filter_map(|message| {
        let is = told(message);
        unless(is.is_empty(), || format!("{message:?} is {is:?}, and ordinary"))
    });
    all_right(&wrong.collect::<Vec<_>>());
}
