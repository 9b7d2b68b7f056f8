//! What a program prints of a value that has no text of its own: the name of its type (`System.Object[]`), where it is in
//! memory (`<Person object at 0x7f12>`, `com.foo.Person@1a2b3c`), its parts (`{'first': 'Ann'}`, `["Ann"]`), or the key
//! beside it (`12;#Ann`).

/// The object that a cell is, as it is written.
pub(super) fn find(cell: &str) -> Option<&str> {
    let cell = cell.trim();
    let bytes = cell.as_bytes();
    let (first, last) = (*bytes.first()?, *bytes.last()?);
    let is_marked =
        || bytes.iter().any(|byte| matches!(byte, b'@' | b';' | b'<' | b'{' | b'[' | b'(' | b':'));
    // Nearly every cell ends here.
    if !matches!(first, b'S' | b'M' | b'j' | b'A') && !is_marked() {
        return None;
    }
    let is_object = is_type(cell)
        || is_place(cell)
        || in_memory(cell)
        || is_serialized(cell)
        || has_parts(cell, first, last)
        || is_lookup(cell);
    is_object.then_some(cell)
}

/// The name of a type of .NET, Java or PHP, and nothing else.
fn is_type(cell: &str) -> bool {
    const ROOTS: &[&str] = &[
        "System.Object",
        "System.String",
        "System.Collections.",
        "System.Data.",
        "System.DBNull",
        "System.Int",
        "System.Char",
        "System.Byte",
        "System.Nullable",
        "System.DateTime",
        "System.Guid",
        "System.Xml.",
        "System.Text.",
        "System.IO.",
        "System.Web.",
        "System.Linq.",
        "System.Windows.",
        "System.Net.",
        "System.Decimal",
        "System.Double",
        "System.Boolean",
        "System.Threading.",
        "System.Management.",
        "System.__ComObject",
        "Microsoft.SharePoint.",
        "Microsoft.Xrm.",
        "Microsoft.Graph.",
        "Microsoft.Office.",
        "java.util.",
        "java.lang.",
        "java.sql.",
        "javax.",
    ];
    !cell.contains(' ') && ROOTS.iter().any(|root| cell.starts_with(root)) || cell == "ArrayList"
}

/// `com.foo.Person@1a2b3c`, `[Ljava.lang.String;@1b2c3d`: a type of Java, and a hexadecimal number.
fn is_place(cell: &str) -> bool {
    let Some((name, place)) = cell.rsplit_once('@') else { return false };
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '$' | '_' | '[' | ';');
    (4..=8).contains(&place.len())
        && place.chars().all(is_hex)
        && place.contains(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(is_name)
        && name
            .rsplit('.')
            .next()
            .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_uppercase() || c == '['))
}

/// `<__main__.Person object at 0x7f12>`, `#<Person:0x000>`, `<class 'Person'>`.
fn in_memory(cell: &str) -> bool {
    (cell.contains('<') && cell.ends_with('>'))
        && (cell.contains(" at 0x")
            || cell.contains(":0x")
            || cell.starts_with("#<")
            || cell.starts_with("<class '"))
}

/// `a:1:{s:5:"first";…}`, `O:6:"Person"`.
fn is_serialized(cell: &str) -> bool {
    let mut parts = cell.splitn(3, ':');
    let (kind, length, rest) = (parts.next(), parts.next(), parts.next());
    matches!(kind, Some("a" | "O" | "s"))
        && length.is_some_and(|length| !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()))
        && rest.is_some_and(|rest| rest.starts_with(['{', '"']))
}

/// `{'first': 'Ann'}`, `{"Ann"}`, `["Ann"]`, `('Ann',)`.
fn has_parts(cell: &str, first: u8, last: u8) -> bool {
    let inner = || cell[1..cell.len() - 1].trim();
    let is_quoted = |text: &str| text.starts_with(['"', '\'']) && text.len() > 1;
    match (first, last) {
        _ if cell.len() < 4 => false,
        (b'{', b'}') => is_quoted(inner()) || (inner().contains(':') && !inner().contains(['{', '|'])),
        (b'[', b']') => {
            is_quoted(inner()) || inner().starts_with(['{', '[']) || inner().starts_with("Function")
        }
        (b'(', b')') => {
            let inner = inner().trim_end_matches(',');
            is_quoted(inner)
                && inner.ends_with(['"', '\''])
                && (inner.contains("', '") || cell.ends_with("',)"))
        }
        _ => false,
    }
}

/// `12;#Ann`, as lists of SharePoint write a look-up.
fn is_lookup(cell: &str) -> bool {
    cell.split_once(";#")
        .is_some_and(|(key, _)| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_programs_are_found() {
        for cell in [
            "System.Object[]",
            "System.Collections.Hashtable",
            "System.Collections.Generic.List`1[System.String]",
            "Microsoft.SharePoint.Client.FieldUserValue",
            "java.util.ArrayList",
            "<__main__.Person object at 0x7f12>",
            "<function name at 0x7f12>",
            "<class 'Person'>",
            "#<Person:0x0000012>",
            "com.foo.Person@1a2b3c",
            "Person@6d06d69c",
            "[Ljava.lang.String;@1b2c3d",
            "{'first': 'Ann'}",
            "{\"first\": \"Ann\"}",
            " {first: Ann} ",
            "[\"Ann\"]",
            "['Ann', 'Bob']",
            "[{'first': 'Ann'}]",
            "('Ann', 'Lee')",
            "('Ann',)",
            "12;#Ann",
            "12;#Ann;#13;#Bob",
            "a:1:{s:5:\"first\";s:3:\"Ann\";}",
            "s:3:\"Ann\";",
        ] {
            assert_eq!(find(cell), Some(cell.trim()), "{cell}");
        }
    }

    #[test]
    fn texts_are_no_objects() {
        for cell in [
            "Ann",
            "System administrator",
            "System.",
            "ann.lee@example.com",
            "Ann@4pm",
            "ann@cafe1",
            "[VIP]",
            "(Ann)",
            "('Ann)",
            "Suite 12; #4",
            "a: b",
            "at 10:30",
            "{name}",
            "{name|there}",
            "<3",
            "Java",
            "Microsoft",
            "[2] Ann",
            "A",
            "",
        ] {
            assert_eq!(find(cell), None, "{cell}");
        }
    }
}
