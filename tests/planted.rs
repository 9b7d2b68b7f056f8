//! Planted bugs fit the sources as they are: what a patch takes away and what stands around it is there, letter by
//! letter.
//! `tests/plant.sh` plants them; here a patch that a change left behind is found at once.

use std::fs;

use crate::layers::root;

/// A hunk of a patch: the file, and the lines that must be in it.
fn hunks(patch: &str) -> Vec<(String, String)> {
    let mut file = String::new();
    let mut hunks: Vec<(String, String)> = Vec::new();
    for line in patch.lines() {
        if let Some(path) = line.strip_prefix("+++ b/") {
            file = path.to_owned();
        } else if line.starts_with("@@") {
            hunks.push((file.clone(), String::new()));
        } else if let (Some((_, lines)), false) = (hunks.last_mut(), line.starts_with("--- "))
            && let Some(line) = line.strip_prefix([' ', '-'])
        {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    hunks
}

#[test]
fn every_planted_bug_fits_the_sources() {
    let script = fs::read_to_string(root().join("tests/plant.sh")).unwrap();
    // The first list of the script says which test must turn red for which of them.
    let list = script.split("esac").next().unwrap();
    let red: Vec<&str> = list
        .lines()
        .filter_map(|line| line.trim().split_once(") echo"))
        .flat_map(|(names, _)| names.split(" | "))
        .collect();
    let mut bugs = 0;
    for entry in fs::read_dir(root().join("tests/planted")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(red.contains(&name.as_str()), "{name}: no test turns red");
        let hunks = hunks(&fs::read_to_string(&path).unwrap());
        assert!(!hunks.is_empty(), "{name} changes nothing");
        for (file, lines) in hunks {
            let source = fs::read_to_string(root().join(&file)).unwrap();
            assert!(source.contains(&lines), "{name} does not fit {file} any more:\n{lines}");
        }
        bugs += 1;
    }
    assert!(bugs >= 30, "only {bugs} bugs");
}
