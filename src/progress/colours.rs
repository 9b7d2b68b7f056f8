//! Whether colours are wanted: `NO_COLOR` (no-color.org), `CLICOLOR` and `CLICOLOR_FORCE` (bixense.com/clicolors), and
//! what the terminal can.

use std::ffi::OsString;

/// Whether to colour what goes to a terminal, or to something else.
pub(super) fn are_wanted(variable: impl Fn(&str) -> Option<OsString>, terminal: bool) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let off = |name: &str| set(name).is_some_and(|value| value == "0");
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some() && !off("CLICOLOR_FORCE") {
        return true;
    }
    terminal && !off("CLICOLOR") && can_move(variable)
}

/// Whether a terminal can move its cursor and show colours, as far as it says.
pub(super) fn can_move(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_win_over_the_terminal_and_no_over_force() {
        let wanted = |variables: &[(&str, &str)], terminal| {
            let get = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into());
            are_wanted(get, terminal)
        };
        let xterm = ("TERM", "xterm-256color");
        for (variables, on_a_terminal, elsewhere) in [
            (&[xterm][..], true, false),
            (&[], false, false),
            (&[("TERM", "dumb")], false, false),
            (&[xterm, ("NO_COLOR", "1")], false, false),
            (&[xterm, ("NO_COLOR", "")], true, false),
            (&[xterm, ("CLICOLOR", "0")], false, false),
            (&[xterm, ("CLICOLOR", "1")], true, false),
            (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true, true),
            (&[xterm, ("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], true, true),
            (&[xterm, ("CLICOLOR_FORCE", "0")], true, false),
            (&[xterm, ("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false),
        ] {
            assert_eq!(
                (wanted(variables, true), wanted(variables, false)),
                (on_a_terminal, elsewhere),
                "{variables:?}"
            );
        }
    }
}
