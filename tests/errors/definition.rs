//! Mistakes in a definition: each is told with its line, and all of them at once.

use crate::errors::area::Area;

/// Title, what is replaced in the good definition, and by what.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("a quote that is not closed", "name = \"spring\"", "name = \"spring"),
    ("quotes of a word processor", "name = \"spring\"", "name = “spring”"),
    ("a key twice", "phone = \"phone\"", "phone = \"phone\"\nphone = \"mobile\""),
    ("a value without quotes", "phone = \"phone\"", "phone = phone"),
    ("a key with a typo", "rate = 1000.0", "ratte = 1000.0"),
    ("a key in the wrong table", "phone = \"phone\"", "phone = \"phone\"\nrate = 2.0"),
    ("a key of a table at the top", "name = \"spring\"", "source = \"x\"\nname = \"spring\""),
    ("a key of the top in a table", "rate = 1000.0", "rate = 1000.0\nname = \"spring\""),
    ("a key of the API", "name = \"spring\"", "ClientToken = \"x\"\nname = \"spring\""),
    ("a key that nobody knows", "phone = \"phone\"", "phone = \"phone\"\nzebra = 1"),
    ("a table with a typo", "[pace]", "[pase]"),
    ("a table that is none", "name = \"spring\"", "cost = 1\nname = \"spring\""),
    (
        "a name that is too long",
        "\"spring\"",
        concat!(
            "\"ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss",
            "sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss\""
        ),
    ),
    ("an empty name", "\"spring\"", "\" \""),
    ("a number as text", "rate = 1000.0", "rate = \"fast\""),
    ("a number below its range", "burst = 100", "burst = 0"),
    ("a number with a fraction", "burst = 100", "burst = 2.5"),
    ("a trace that is no name of an attribute", "message = ", "trace = \"found by\"\nmessage = "),
    (
        "a trace that another attribute is",
        "message = ",
        "attributes = { mine = \"x\" }\ntrace = \"mine\"\nmessage = ",
    ),
    ("a trace that is a number", "message = ", "trace = 1\nmessage = "),
    ("a text as a number", "phone = \"phone\"", "phone = 3"),
    ("a duration without a unit", "burst = 100", "contact_life = \"4\""),
    ("a percentage without its sign", "[pace]", "[safety]\nmax_rejected = 10\n[pace]"),
    ("a warning that is none", "[pace]", "[safety]\naccept = [\"typos\"]\n[pace]"),
    ("a flag in quotes", "phone = \"phone\"", "phone = \"phone\"\nallow_landlines = \"yes\""),
    ("a list that is none", "phone = \"phone\"", "phone = \"phone\"\nsuppress = \"opt-outs.csv\""),
    ("a word that is not among those", "[recipients]", "channel = \"mail\"\n[recipients]"),
    ("a price that is none", "[pace]", "[cost]\nper_segment = \"cheap\"\n[pace]"),
    ("a price for no country", "[pace]", "[cost]\nper_segment = { Utopia = 0.01 }\n[pace]"),
    ("an empty text", "phone = \"phone\"", "phone = \"\""),
    ("a country that is none", "phone = \"phone\"", "phone = \"phone\"\ndefault_region = \"Utopia\""),
    ("a number that is none in a trial", "phone = \"phone\"", "phone = \"phone\"\nonly = [\"12\"]"),
    ("an expression that is none", "phone = \"phone\"", "phone = \"phone\"\nwhere = \"first_name ==\""),
    ("an expression without a column", "phone = \"phone\"", "phone = \"phone\"\nwhere = \"1 == 1\""),
    ("an expression with a number", "phone = \"phone\"", "phone = \"phone\"\nwhere = \"age > 17\""),
    (
        "an expression with a column that is not there",
        "phone = \"phone\"",
        "phone = \"phone\"\nwhere = \"consent == 'yes'\"",
    ),
    ("a campaign without a name", "phone = \"phone\"", "phone = \"phone\"\nnot_in = [\"\"]"),
    (
        "rows of another campaign that are none",
        "phone = \"phone\"",
        "phone = \"phone\"\nonly_in = { state = [\"sent\", \"rejected\"], delivery = [\"lost\"] }",
    ),
    (
        "a delivery of rows that have none",
        "phone = \"phone\"",
        "phone = \"phone\"\nonly_in = { campaign = \"x\", state = [\"failed\"], delivery = [\"delivered\"] }",
    ),
    ("a hook that is empty", "[pace]", "[hooks]\non_finish = []\n[pace]"),
    (
        "alerts that would go nowhere",
        "[pace]",
        concat!(
            "[alerts]\nwebhook = \"http://hooks.example.com/\"\nwebhook_env = \"A HOOK\"\nsecret_env = \"1\"\ncommand = \"\"\n",
            "on = [\"hlat\"]\nheartbeat = \"hooks\"\n[pace]"
        ),
    ),
    ("hours that are none", "[pace]", "[hours]\nopen = 9\n[pace]"),
    (
        "spans and days that are none",
        "[pace]",
        "[hours]\nopen = { monday = \"09:00-17:00\", tue = \"9-17\", wed = \"09:00-09:00\", thu-fri = [], fri = [] }\n[pace]",
    ),
    ("days closed that are none", "[pace]", "[hours]\nclosed = [\"25.12.2026\"]\n[pace]"),
    ("a preset with a typo", "[pace]", "[hours]\nrules = [\"us-federl\"]\n[pace]"),
    ("a preset that nobody knows", "[pace]", "[hours]\nrules = [\"utopia\"]\n[pace]"),
    ("a rule file that is not there", "[pace]", "[hours]\nrules = [\"own.toml\"]\n[pace]"),
    ("a zone that is an offset", "[pace]", "[hours]\ndefault_zone = \"UTC-5\"\n[pace]"),
    ("a start without a zone", "[pace]", "[schedule]\nstart = \"2026-12-01 09:00\"\n[pace]"),
    ("a start that is none", "[pace]", "[schedule]\nstart = \"soon\"\n[pace]"),
    (
        "a weekday that is not its date's",
        "[pace]",
        "[schedule]\nend = \"Mon, 29 Nov 2026 9:00[America/New_York]\"\n[pace]",
    ),
    (
        "an offset that is not its zone's",
        "[pace]",
        "[schedule]\nstart = \"2026-11-29T10:00-08:00[America/New_York]\"\n[pace]",
    ),
    ("an end that can be read in two ways", "[pace]", "[schedule]\nend = \"03/04/2026 9:00\"\n[pace]"),
    (
        "an end before the start",
        "[pace]",
        "[schedule]\nstart = \"2026-12-02T09:00Z\"\nend = \"2026-12-01T09:00Z\"\n[pace]",
    ),
    ("a time of rows that is none", "[pace]", "[schedule]\nnot_before = { minus = \"24h\" }\n[pace]"),
    ("a time of rows without a column", "[pace]", "[schedule]\nnot_after = \"2026-12-01\"\n[pace]"),
    ("a column of times without its braces", "[pace]", "[schedule]\nnot_before = \"at\"\n[pace]"),
    ("a zone that is none", "[pace]", "[hours]\ndefault_zone = \"Eastern\"\n[pace]"),
    ("a zone column that the file does not have", "phone = \"phone\"", "phone = \"phone\"\nzone = \"tz\""),
    ("a limit that is none", "[pace]", "[limits]\nper_recipient = [\"1 per day\", \"0 in 24h\"]\n[pace]"),
    ("the day of a limit in no zone", "[pace]", "[limits]\nper_day = 10\nzone = \"Eastern\"\n[pace]"),
    ("a budget without a price", "[pace]", "[limits]\ncost = 10\n[pace]"),
    ("a budget that is none", "[pace]", "[limits]\ncost = 0\n[pace]"),
    ("a Region that is none", "[recipients]", "region = \"us-wst-2\"\n[recipients]"),
    ("an instance that is a name", "instance_id = \"", "instance_id = \"my-clinic"),
    ("a flow that is a name", "contact_flow_id = \"", "contact_flow_id = \"my-flow"),
    ("a cell that is counted with", "{{ first_name }}", "{{ first_name * 2 }}"),
    (
        "a text put together from itself",
        "{{ first_name }}",
        concat!(
            "{% set a = first_name %}",
            "{% set a = a ~ a ~ a ~ a %}{% set a = a ~ a ~ a ~ a %}{% set a = a ~ a ~ a ~ a %}",
            "{% set a = a ~ a ~ a ~ a %}{% set a = a ~ a ~ a ~ a %}{{ a }}"
        ),
    ),
    ("a language that is none", "{{ first_name }}", "{{ first_name | date('long', language='elvish') }}"),
    ("a form of a date that is none", "{{ first_name }}", "{{ first_name | date('%Q') }}"),
    (
        "a form of the cell's date that is none",
        "{{ first_name }}",
        "{{ first_name | date('long', from='%!') }}",
    ),
    ("a currency that is none", "{{ first_name }}", "{{ first_name | currency('euros') }}"),
    ("a code of a currency that is none", "{{ first_name }}", "{{ first_name | currency('UDS') }}"),
    ("a decimal sign that is none", "{{ first_name }}", "{{ first_name | number(2, from=';') }}"),
    ("fewer decimals than none", "{{ first_name }}", "{{ first_name | number(-1) }}"),
    ("too many decimals", "{{ first_name }}", "{{ first_name | number(20) }}"),
    ("a text cut to nothing", "{{ first_name }}", "{{ first_name | truncate(2) }}"),
    (
        "segment attributes that are none",
        "[pace]",
        "[contact.segment_attributes]\nx = []\ny = {}\n\"a:b\" = \"z\"\n[pace]",
    ),
    ("a shared pace that nobody states", "rate = 1000.0", "rate = \"auto\"\nshare = \"account\""),
];

#[test]
fn keys_and_values() {
    let mut area = Area::new("definition");
    for (title, that, this) in MISTAKES {
        area.case(title).with(that, this).says(2, "run people.csv --yes");
    }
    area.case("what must be there is missing")
        .file("campaign.toml", "[connect]\nchannel = \"sms\"\n[contact.templated_message]\n")
        .says(2, "run people.csv --yes");
    area.case("several mistakes at once, one of them in how it fits the file")
        .with("rate = 1000.0", "ratte = 1000.0")
        .with("phone-number/", "telephone/")
        .with("{{ first_name }}", "{{ frist_name }}")
        .says(2, "run people.csv --yes");
    area.case("mistakes, and a file that is not there either")
        .with("rate = 1000.0", "ratte = 1000.0")
        .says(2, "run peple.csv --yes");
    area.case("a number with a comma").with("rate = 1000.0", "rate = 2,5").says(2, "check people.csv");
    area.case("a share without quotes")
        .with("[pace]", "[safety]\nmax_failures = 50%\n\n[pace]")
        .says(2, "check people.csv");
    area.case("a template's attribute without a name")
        .file(
            "campaign.toml",
            "[connect]\ninstance_id = \"11111111-2222-3333-4444-555555555555\"\n\
             contact_flow_id = \"66666666-7777-8888-9999-000000000000\"\n\
             source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\"\n\
             [contact.templated_message]\nknowledge_base_id = \"k\"\ntemplate_id = \"t\"\nattributes = { \"\" = \"x\" }\n",
        )
        .says(2, "check people.csv");
    area.case("a Region that is none, as an option").says(2, "run people.csv --yes --region us-wst-2");
    area.case("a path of Windows")
        .with("key =", "suppress = [\"C:\\Users\\ada\\opt-outs.csv\"]\nkey =")
        .says(2, "check people.csv");
    area.case("a rule file with mistakes")
        .with("[pace]", "[hours]\nrules = [\"own.toml\"]\n[pace]")
        .file(
            "own.toml",
            "open = 9\nclosed = \"x\"\nholidays = [\"xmas\", 1]\nobserved = 1\ncountry = \"ZZ\"\nstate = \"1\"\n\
             includes = [\"mars\"]\nhour = 1\n",
        )
        .says(2, "check people.csv");
    area.case("a rule file without hours")
        .with("[pace]", "[hours]\nrules = [\"own.toml\"]\n[pace]")
        .file("own.toml", "source = \"x\"\n")
        .says(2, "check people.csv");
    let alerts = |area: &mut Area, title: &str, settings: &str| {
        let settings = format!("[alerts]\n{settings}\n[pace]");
        area.case(title).with("[pace]", &settings).says(2, "alerts test");
    };
    alerts(&mut area, "an alert's address that is not set", "webhook_env = \"NO_SUCH\"");
    alerts(&mut area, "an alert's address that is none", "webhook_env = \"HOME\"");
    alerts(&mut area, "alerts to nobody", "");
    area.case("hours of what is no number").says(2, "hours 12");
    area.case("hours of a number without zones").says(2, "hours +883510001234");
    area.case("hours at a time that is none").says(2, "hours +12025550104 --at noon");
    area.end();
}
