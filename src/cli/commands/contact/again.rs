//! The command that asks again for a contact of which it is not known whether it was started.

use std::ffi::OsString;

use crate::cli::next_step::quoted;

/// The arguments of this process as a shell reads them back, with the client token where none was among them. The number
/// is in it as it was typed: with a masked one, the command could not be used.
pub(super) fn command(args: impl Iterator<Item = OsString>, token: Option<&str>) -> String {
    let mut words = vec!["campaign".to_owned()];
    words.extend(args.map(|arg| quoted(&arg.to_string_lossy())));
    if let Some(token) = token {
        words.push(format!("--client-token {}", quoted(token)));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_the_same_with_its_token() {
        let args = ["contact", "--attributes", "a='b c'"].map(OsString::from);
        assert_eq!(command(args.clone().into_iter(), None), r"campaign contact --attributes 'a='\''b c'\'''");
        assert!(command(args.into_iter(), Some("t-1")).ends_with(" --client-token t-1"));
    }
}
