//! Every sentence in the sources of what people are told when something is wrong stands in a snapshot, or here with the
//! reason why nobody can cause it from outside.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::errors::words;

/// Where errors have their words.
const SOURCES: [&str; 71] = [
    "src/app/alerts/channels.rs",
    "src/cli/commands/alerts.rs",
    "src/domain/definition/alerts.rs",
    "src/domain/definition/schedule.rs",
    "src/app/error.rs",
    "src/app/open.rs",
    "src/app/options.rs",
    "src/app/run.rs",
    "src/app/same_numbers.rs",
    "src/app/send.rs",
    "src/cli/args/send.rs",
    "src/cli/hooks.rs",
    "src/cli/output.rs",
    "src/cli/commands/check.rs",
    "src/cli/commands/contact.rs",
    "src/cli/commands/contact/again.rs",
    "src/cli/commands/contact/files.rs",
    "src/cli/commands/contact/prompt.rs",
    "src/cli/commands/init/bridge.rs",
    "src/domain/cli_input/arguments.rs",
    "src/domain/cli_input/check.rs",
    "src/domain/cli_input/shorthand.rs",
    "src/domain/cli_input/validate.rs",
    "src/domain/cli_output/mod.rs",
    "src/connect/client.rs",
    "src/cli/commands/completions.rs",
    "src/app/hooks.rs",
    "src/cli/commands/journal.rs",
    "src/cli/commands/man.rs",
    "src/cli/commands/steer.rs",
    "src/cli/commands/hours.rs",
    "src/domain/definition/hooks.rs",
    "src/cli/next_step.rs",
    "src/domain/definition/hours.rs",
    "src/domain/definition/rules.rs",
    "src/domain/hours/week.rs",
    "src/domain/hours/zones.rs",
    "src/cli/commands/init.rs",
    "src/cli/args/values.rs",
    "src/app/paths.rs",
    "src/app/plan_file.rs",
    "src/cli/args/file.rs",
    "src/cli/args/faults.rs",
    "src/app/rejects.rs",
    "src/cli/commands/report.rs",
    "src/cli/commands/resolve.rs",
    "src/cli/commands/resume.rs",
    "src/cli/commands/run.rs",
    "src/cli/commands/sending.rs",
    "src/cli/commands/simulator.rs",
    "src/cli/commands/status.rs",
    "src/app/stream.rs",
    "src/cli/commands/suppress.rs",
    "src/connect/error.rs",
    "src/connect/tls.rs",
    "src/domain/arn.rs",
    "src/domain/row/binding.rs",
    "src/domain/definition/connect.rs",
    "src/domain/definition/contact.rs",
    "src/domain/definition/document.rs",
    "src/domain/definition/mod.rs",
    "src/domain/definition/reader.rs",
    "src/domain/definition/settings.rs",
    "src/domain/delivery/ending.rs",
    "src/domain/message/limits.rs",
    "src/domain/object/mod.rs",
    "src/domain/object/problem.rs",
    "src/journal/error.rs",
    "src/journal/postgres/error.rs",
    "src/recipients/error.rs",
    "src/report/error.rs",
];

/// How a sentence begins that is in no snapshot, and why.
const NOT_FROM_OUTSIDE: &[(&str, &str)] = &[
    ("name a file, or a pipe that a program writes to;", "takes a device: tests/process/endless.rs"),
    ("it is not known whether the contact was", "takes an answer that is lost: tests/contact/by_hand.rs"),
    ("ask again within 6 days with", "takes an answer that is lost: tests/contact/by_hand.rs"),
    ("no contact was started; check the network", "takes minutes without an answer"),
    ("interrupted; no contact was started", "takes a signal"),
    (", as the journal's copy of the account's", "takes an opt-out list: src/journal/tests/limits.rs"),
    ("nothing was sent; the next run of a", "takes an opt-out list: src/journal/tests/limits.rs"),
    ("an earlier request with this client token may", "takes seven days"),
    ("nothing was sent; find out from Amazon", "takes seven days"),
    ("nothing was sent; run the command", "takes a terminal that goes away"),
    ("look over the line with (?)", "no error: what init says"),
    ("lines with (?): they are guesses", "no error: what init says"),
    ("look: campaign check", "no error: what init says"),
    ("source = \"arn:aws:connect:us-west-2", "a definition that reads any file"),
    ("whoever is on them would be sent to:", "takes a workbook: tests/cases/kinds/workbooks.rs"),
    (
        "whoever it means would be sent to: open the workbook",
        "takes a workbook: tests/cases/kinds/workbooks.rs",
    ),
    (", and there is something in", "takes a workbook: tests/cases/kinds/workbooks.rs"),
    ("where its number or key is", "takes a workbook: tests/cases/kinds/workbooks.rs"),
    ("The request has the members of StartOutboundChatContact", "help"),
    ("Faults (share of", "help"),
    ("Members of the request", "help"),
    ("Request as a whole", "help"),
    ("Options of the AWS CLI", "help"),
    ("Beside the AWS CLI's", "help"),
    ("; the same command again would start another contact", "takes a full stdout: tests/contact/by_hand.rs"),
    ("bytes; at most", "takes a query without an end: src/domain/cli_output"),
    (
        "another process has a campaign of this journal, and",
        "takes a run whose lock file is removed: src/journal/file/lock.rs",
    ),
    (
        "wait until it has ended, then run again; nothing was sent",
        "takes a run whose lock file is removed: src/journal/file/lock.rs",
    ),
    ("the answer was", "takes a query that no answer fits: src/domain/cli_output"),
    ("Of all campaigns of the journal. A number", "help"),
    ("failed to begin:", "a bug would be the reason"),
    ("failed to listen for signals", "a bug would be the reason"),
    ("; asked again in", "no error: what a request that is made again says"),
    ("it is not 0", "a bug would be the reason"),
    ("JSON is UTF-8", "a bug would be the reason"),
    ("the credentials were renewed", "takes credentials that end: tests/process/credentials.rs"),
    ("while hours and schedule were open", "no error: what a look at a journal finds to be in order"),
    ("more did is not known", "no error: what a look at a journal finds to be in order"),
    (". Default: at any hour.", "no error: the definition that init writes"),
    (". Without this line: at any hour.", "no error: the definition that init writes"),
    (
        "the hours of all rows that are left do not open before the campaign's end",
        "takes the hours of a day: tests/virtual_time/schedule.rs",
    ),
    ("was moved, removed or replaced", "takes a run that is under way: tests/process/names.rs"),
    ("put the file back where it was", "takes a run that is under way: tests/process/names.rs"),
    ("is no UTF-8, as SQLite needs it", "no command line here has such a name: src/journal/file/location.rs"),
    (
        "rename it or its folder, or name another journal",
        "no command line here has such a name: src/journal/file/location.rs",
    ),
    ("another file was copied over", "takes a run that is under way: tests/process/names.rs"),
    ("nothing more was sent. What was started", "takes a run that is under way: tests/process/names.rs"),
    (": numbers, keys, reasons and the file's own cells", "no error: what report says of purged campaigns"),
    ("Without -c, of a journal with several", "help"),
    ("the account cannot send this campaign, because", "takes an account: tests/process/account.rs"),
    ("; to send all the same, set check", "takes an account: tests/process/account.rs"),
    ("correct what is said above, and see it", "takes an account: tests/process/account.rs"),
    (": the account", "no error: what a run was told of the account"),
    ("note: not checked with the account", "takes an account: tests/process/account.rs"),
    (". The simulator takes more, and this sample", "a part of the sample"),
    ("in [[senders]]: each must be claimed", "takes a number that is gone: tests/virtual_time/senders.rs"),
    ("is full, and no other has rows", "takes a day: tests/virtual_time/senders.rs"),
    ("the senders differ from row", "takes an account: tests/process/opt_outs.rs"),
    (": their opt-outs are not", "takes an account: tests/process/opt_outs.rs"),
    ("prints the rights that it takes; run", "takes an account: tests/process/opt_outs.rs"),
    ("prints the rights that reading", "takes an account: tests/process/opt_outs.rs"),
    (": no sender with that list", "no error: what suppress push says"),
    ("\": what was sent is not", "no error: what suppress add says"),
    ("nothing was left there; check", "a folder that cannot be written, which root always can"),
    ("halted: the account's opt-outs", "takes an account: tests/process/opt_outs.rs"),
    ("name the campaign with --name", "tests/process/recurring.rs has it"),
    ("name one of --name", "tests/process/recurring.rs has it"),
    ("people were contacted before, and what", "tests/process/recurring.rs has it"),
    ("), or a key with the date", "tests/process/recurring.rs has it"),
    ("all rows that are left wait for [limits]", "takes a service: tests/process/limits.rs"),
    ("in [limits], and the campaign ends before", "says when it ends: tests/virtual_time/foretold.rs"),
    ("in [limits]; run again from", "says when the day ends: tests/process/limits.rs"),
    ("looking the journal over failed", "a bug would be the reason"),
    ("nobody knows whether it is whole", "a bug would be the reason"),
    ("another number, and a key that a spreadsheet", "a list: tests/process/same_numbers.rs"),
    (", and will not be sent to", "a list: tests/process/same_numbers.rs"),
    ("[[ -e campaigns/", "a script that completes names"),
    ("string replace -r", "a script that completes names"),
    ("COMPREPLY=(", "a script that completes names"),
    ("-s c -l campaign", "a script that completes names"),
    ("asks for a password of", "takes a server: tests/process/postgres"),
    ("set PGPASSWORD, or give", "takes a server: tests/process/postgres"),
    ("refused the connection:", "takes a server: tests/process/postgres"),
    ("check user, password and database", "takes a server: tests/process/postgres"),
    ("the connection to PostgreSQL was lost:", "takes a server: tests/process/postgres"),
    ("nothing that is not whole was left; try again", "takes a server: tests/process/postgres"),
    ("the server's log tells more", "takes a server: tests/process/postgres"),
    ("is not the one of this program:", "takes a server: tests/process/postgres"),
    ("has tables of another program", "takes a server: tests/process/postgres"),
    ("name another schema with ?schema", "takes a server: tests/process/postgres"),
    ("there is a journal already in", "takes a server: tests/process/postgres"),
    ("a copy replaces nothing:", "takes a server: tests/process/postgres"),
    ("there is no journal in", "takes a server: tests/process/postgres"),
    ("campaign journal copy JOURNAL POSTGRES", "takes a server: tests/process/postgres"),
    ("another process is copying a journal", "takes a server: tests/process/postgres"),
    ("wait until it has ended; nothing was changed", "takes a server: tests/process/postgres"),
    ("use the newer version of campaign; nothing", "takes a server: tests/process/postgres"),
    ("of the table", "takes a server: tests/process/postgres"),
    ("nothing was copied; please report this", "takes a server: tests/process/postgres"),
    ("is not what was copied (", "takes a server: tests/process/postgres"),
    ("nothing was left there; copy again", "takes a server: tests/process/postgres"),
    ("is not sound:", "takes a server: tests/process/postgres"),
    ("tells all that is wrong", "takes a server: tests/process/postgres"),
    ("has lost commits: it has", "takes a server: tests/process/postgres"),
    ("put the server right if it is the wrong one", "takes a server: tests/process/postgres"),
    ("was lost in a commit, and others", "takes a server: tests/process/postgres"),
    ("run again: what was requested is asked", "takes a server: tests/process/postgres"),
    (", and another one has taken", "takes a server: tests/process/postgres"),
    ("nothing is to be done: the other process", "takes a server: tests/process/postgres"),
    ("is the replica of a journal in PostgreSQL", "takes a server: tests/process/postgres"),
    ("name the journal by its address", "takes a server: tests/process/postgres"),
    ("An address is postgres://", "help"),
    ("Copied and verified:", "no error: what journal copy says"),
    (": what a run did later is", "no error: what journal copy says"),
    ("Backup written and verified:", "no error: what backup says"),
    ("First campaign without an AWS", "help"),
    ("campaign report --state failed -o", "no error: what the result says"),
    ("campaign report --rejects rejected", "no error: what the result says"),
    ("campaign run spring.csv --simulate", "help"),
    ("has no phone number: its messages", "no error: what a run is told of the account"),
    ("is not known, and its messages are", "no error: what a run is told of the account"),
    ("see the account with", "takes an account: tests/process/opt_outs.rs"),
    (", and the rights that reading", "takes an account: tests/process/opt_outs.rs"),
    ("in [account] a run sends all", "takes an account: tests/process/opt_outs.rs"),
    ("in it: whoever has a URL can", "no error: what evidence says besides"),
    ("a row that waits", "takes a row that waits from before"),
    (", another row has", "takes a row that waits from before"),
    ("another process uses the journal", "takes a mount: journal::file::in_use has two links in its place"),
    ("one file has two paths", "takes a mount: journal::file::in_use has two links in its place"),
    ("another process has held", "takes half a minute"),
    ("it is opening or upgrading the journal", "takes half a minute"),
    ("bash  campaign completions", "help"),
    ("The pace is the run's", "help"),
    ("paused already, by", "no error: what pause says"),
    ("not paused: there is nothing", "no error: what go says"),
    ("A number may be in all zones", "help"),
    ("%a %Y-%m-%d", "no error: the form of times that hours says"),
    ("the definition has no [hours]", "no error: what hours says"),
    ("open at any hour", "no error: what hours says"),
    ("not open again before the campaign ends", "no error: what hours says"),
    (
        "the hours of all rows that are left are closed until",
        "takes a time of day: tests/virtual_time/hours.rs",
    ),
    ("make_zones.py writes a colon", "a bug would be the reason"),
    ("a set has only zones", "a bug would be the reason"),
    ("has ended meanwhile", "no error: what a steering command says"),
    ("has not answered yet", "no error: what a steering command says"),
    (", and so do the runs that follow, until", "no error: what a steering command says"),
    ("as the definition says", "no error: what a steering command says"),
    ("paced: the next run sends", "no error: what a steering command says"),
    ("has stopped sending;", "no error: what pause says"),
    ("ends when it has its answers", "no error: what stop says"),
    ("; the campaign stays paused", "no error: what stop says"),
    ("; more is not its share", "no error: what pace says"),
    ("as fast as the service takes", "no error: what pace says"),
    (", to its end", "no error: what pace says"),
    ("as it began", "no error: what pace says"),
    ("through the account of", "no error: what pace says"),
    ("reads its file, and sends nothing", "no error: what pause says"),
    ("paused: nothing runs now", "no error: what pause says"),
    ("not paused any more", "no error: what go says"),
    ("is not run: it was a simulation", "a line of the log"),
    ("was not run:", "the system does not let signals be listened for"),
    ("texts and numbers always", "a bug would be the reason"),
    ("took longer than", "takes as long: tests/process/hooks.rs"),
    ("warning: an alert was not delivered:", "no error: a warning, tests/process/alerts.rs"),
    (": delivered after", "no error: what alerts test says, tests/process/alerts.rs"),
    (": not delivered after", "no error: what alerts test says, tests/process/alerts.rs"),
    ("is there already, and evidence replaces", "tests/process/evidence.rs has it"),
    ("name a file that is not there yet", "tests/process/evidence.rs has it"),
    ("they were not waited for", "the system does not let signals be listened for"),
    ("no alert is sent: it is", "a line of the log"),
    ("gave no answer in time", "takes as long"),
    ("somebody tries whether alerts", "no error: what an alert says"),
    ("nothing has to be done", "no error: what an alert says"),
    ("An alert that is not taken", "help"),
    ("; the result stands", "no error: the warning of a hook, tests/process/hooks.rs"),
    ("could not be started:", "no error: the warning of a hook, tests/process/hooks.rs"),
    ("could not be watched:", "the system does not let a thread be started"),
    ("The copy has everything", "help"),
    ("Not known any more afterwards is", "help"),
    (", all accounted for", "no error: what journal check says"),
    ("Remove numbers, keys, messages and cells of", "a question on a terminal"),
    ("nothing was removed", "an answer on a terminal"),
    ("no campaign to purge", "no error: what journal purge says"),
    ("may be open until", "no error: what journal purge says of a campaign that it leaves"),
    ("a key that a spreadsheet made of one that", "tests/process/same_numbers.rs: after a purge"),
    (", was one that has been purged)", "tests/process/same_numbers.rs: after a purge"),
    ("counts, client tokens and contact ids are kept", "no error: what journal purge says"),
    ("For every user of this machine", "help"),
    ("what was purged is still in the", "takes a reader at the very moment"),
    ("close it, and purge again", "takes a reader at the very moment"),
    ("has a zero byte", "TOML takes it only as an escape, which nobody writes"),
    ("take it out", "TOML takes it only as an escape, which nobody writes"),
    ("# rate = 2.0", "a part of the sample"),
    (", and run it without --simulate", "no error: what init says"),
    ("a schema is plain JSON", "a bug would be the reason"),
    ("only names of", "a bug would be the reason"),
    ("row of the campaign waits", "the plural is shown"),
    ("; 1 more line like it", "the plural is shown"),
    ("check the permissions of the journal", "takes a file system that cannot be written"),
    ("check the disk, or give a path", "the system fails in a way that has no words of its own"),
    ("the journal or its folder cannot be written", "takes a file system that cannot be written"),
    ("--search looks for the contacts", "help"),
    ("look at them in Connect's contact search", "contacts of an account: tests/process/rebuild.rs"),
    ("its message did not arrive", "a note of the list: tests/process/deliveries.rs"),
    ("rebuild it again, with", "a rebuild that was killed: tests/process/rebuild.rs"),
    ("rebuild FILE --since", "a rebuild that was killed: tests/process/rebuild.rs"),
    ("no row is uncertain", "no error: what resolve lists"),
    ("; not there:", "no error: what resolve lists"),
    ("uncertain; look for their contacts", "no error: what resolve lists"),
    ("leaves them out; correct them there, then", "no error: what --rejects says, in tests/corrections.rs"),
    ("the list of", "no error: what suppress has done, in tests/process/suppress.rs"),
    ("nothing was sent; run it again", "an answer on a terminal: tests/process/signals.rs"),
    ("failed to ask on the terminal", "a terminal that goes away while it asks"),
    ("end other programs", "the system has no threads left"),
    ("start the runtime", "the system has no threads left"),
    ("start a thread", "the system has no threads left"),
    ("an earlier line", "takes more than a million keys"),
    ("as the credentials say", "no error: a question on a terminal"),
    ("as each row says", "no error: a question on a terminal"),
    ("listen for", "the system does not let signals be listened for"),
    ("Amazon Connect's stand-in", "help"),
    ("aws connect start-outbound", "help"),
    ("listening on http", "no error: what the simulator says"),
    ("The list belongs to the journal", "help"),
    ("not on it", "no error: what suppress says"),
    ("on it already", "no error: what suppress says"),
    ("an error occurred while loading", "words of the SDK that are left out"),
    ("the credentials provider was", "words of the SDK that are left out"),
    ("the credential provider was", "words of the SDK that are left out"),
    ("unexpected credentials error", "words of the SDK that are left out"),
    ("Error retrieving credentials", "words of the SDK that are left out"),
    ("ProfileFile provider could", "words of the SDK that are left out"),
    ("no credentials found in chain", "words of the SDK that are recognized"),
    ("no providers in chain provided", "words of the SDK that are recognized"),
    ("the instance's metadata service", "tells sources apart; nobody reads it where it gives none"),
    ("ECS credentials provider", "words of the SDK that are put into those of the AWS CLI"),
    ("container's credentials endpoint", "needs a container's address"),
    ("instance metadata service", "needs an instance's address"),
    ("halted: every request of the last", "takes half an hour of throttling"),
    ("other programs use up the", "takes half an hour of throttling"),
    ("the table of keys holds TOML", "a bug would be the reason"),
    ("paths are those of the table", "a bug would be the reason"),
    ("the journal's writer stopped", "a bug would be the reason"),
    ("run again: it goes on", "SQLite fails in a way that has no words of its own"),
    ("the journal failed:", "SQLite fails in a way that has no words of its own"),
    ("the disk with the journal is full", "tests/disk/failing.rs"),
    ("is a workbook with more in it", "takes a workbook that unpacks to hundreds of megabytes"),
    ("a no-break space", "definition/tests.rs: characters that look like blanks"),
    ("an ideographic space", "definition/tests.rs: characters that look like blanks"),
    ("a byte order mark within the text", "definition/tests.rs: characters that look like blanks"),
    ("a space that is none of TOML's", "definition/tests.rs: characters that look like blanks"),
    ("a character that cannot be seen", "definition/tests.rs: characters that look like blanks"),
    (") outside of quotes", "definition/tests.rs: characters that look like blanks"),
    (
        "put a plain blank in its place, here and wherever else it is",
        "definition/tests.rs: characters that look like blanks",
    ),
    ("in [recipients]; without it the first line", "tests/cases: `header_row` below the names"),
    (", which should name the columns,", "tests/cases: the line of `header_row`"),
    ("in [recipients] is the line that names the columns", "tests/cases: the line of `header_row`"),
    ("the other sheets do not have it either:", "takes a workbook of several sheets, none with the columns"),
    ("What is sent", "heads a group of options in the help"),
    ("these sheets have it,", "takes a workbook of several sheets with the columns"),
    ("the report does not fit", "takes a report of more columns than a sheet has"),
    ("write a .csv, or fewer rows", "takes a report of more columns than a sheet has"),
    ("the report does not add up", "a bug would be the reason: tests/report/loud.rs"),
    ("nothing was changed; keep the journal", "a bug would be the reason: tests/report/loud.rs"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The literals of a source, as they would be written; those of its tests, its comments and its attributes for help are
/// left out.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut literals = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let (before, here) = rest.split_at(at);
        if here.starts_with("//") {
            rest = here.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(inner) = here.strip_prefix('\'') {
            rest = &here[character(inner)..];
        } else if let Some(inner) = here.strip_prefix('"') {
            let raw = before.ends_with("r#");
            let (literal, behind) = if raw { inner.split_once("\"#").unwrap() } else { closed(inner) };
            literals.push(if raw { literal.to_owned() } else { plain(literal) });
            rest = behind;
        } else {
            rest = &here[1..];
        }
    }
    literals
}

/// The length of a character in single quotes, the first of which is gone; 1 for what is a lifetime.
fn character(inner: &str) -> usize {
    match inner.strip_prefix('\\') {
        Some(escaped) => escaped.get(1..).and_then(|rest| rest.find('\'')).map_or(1, |end| end + 4),
        None if inner.starts_with("\"'") => 3,
        None => 1,
    }
}

/// What stands before the quote that closes, and what behind it.
fn closed(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return (&text[..at], &text[at + 1..]),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (text, "")
}

/// Without escapes.
fn plain(literal: &str) -> String {
    let mut pieces = literal.split("\\\n");
    let mut text = pieces.next().unwrap().to_owned();
    pieces.for_each(|piece| text.push_str(piece.trim_start()));
    text.replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\")
}

/// The longest part of a literal between what is filled in, where it is a sentence or a good part of one.
fn sentence(literal: &str) -> Option<String> {
    let marked = literal.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let pieces = marked.split('{').enumerate().map(|(at, piece)| {
        if at == 0 { piece } else { piece.split_once('}').map_or("", |(_, behind)| behind) }
    });
    // Commands in backticks are given the campaign and the journal.
    let parts = pieces.flat_map(str::lines).flat_map(|line| line.split('`'));
    let longest = parts.max_by_key(|piece| piece.len())?.replace('\u{1}', "{").replace('\u{2}', "}");
    let longest = words::normal(&longest, Path::new("/nowhere")).trim().to_owned();
    (longest.matches(' ').count() >= 2).then_some(longest)
}

fn snapshots() -> String {
    let folder = root().join("tests/errors/snapshots");
    let paths: BTreeSet<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_sentence_is_in_a_snapshot_or_cannot_be_caused() {
    let shown = snapshots();
    let mut missing = Vec::new();
    let mut excused = BTreeSet::new();
    for source in SOURCES {
        let text = fs::read_to_string(root().join(Path::new(source))).unwrap();
        for sentence in literals(&text).iter().filter_map(|literal| sentence(literal)) {
            let excuse = NOT_FROM_OUTSIDE.iter().find(|(beginning, _)| sentence.starts_with(beginning));
            match (shown.contains(&sentence), excuse) {
                (true, None) => {}
                (false, Some((beginning, _))) => {
                    excused.insert(*beginning);
                }
                (false, None) => missing.push(format!("{source}: {sentence}")),
                (true, Some(_)) => missing.push(format!("{source}: is in a snapshot after all: {sentence}")),
            }
        }
    }
    let useless: Vec<_> =
        NOT_FROM_OUTSIDE.iter().filter(|(beginning, _)| !excused.contains(beginning)).collect();
    assert!(useless.is_empty(), "no such sentences any more: {useless:?}");
    assert!(missing.is_empty(), "in no snapshot:\n{}", missing.join("\n"));
}

#[test]
fn literals_are_found() {
    let source = "fn a<'a>() { b('\"', \"one \\\"two\\\" {x} three four five\", r#\"raw \"x\" text\"#); } // \"no\"\n\
                  \"six \\\n    seven\" #[cfg(test)] \"never\"";
    assert_eq!(literals(source), ["one \"two\" {x} three four five", "raw \"x\" text", "six seven"]);
    assert_eq!(sentence("one \"two\" {x} three four five").as_deref(), Some("three four five"));
    assert_eq!(sentence("{x}: {y}"), None);
}
