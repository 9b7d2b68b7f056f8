//! Code pages of DOS, which the Encoding Standard leaves out: single bytes, the upper half by a table each.

/// A code page: its name, and the characters of the bytes from 128 on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CodePage {
    pub(super) name: &'static str,
    upper: &'static str,
}

/// IBM code page 850 (western Europe). Source: Unicode, VENDORS/MICSFT/PC/CP850.TXT.
pub(super) static IBM850: CodePage = CodePage {
    name: "ibm850",
    upper: "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
};
/// IBM code page 437 (United States). Source: Unicode, VENDORS/MICSFT/PC/CP437.TXT.
pub(super) static IBM437: CodePage = CodePage {
    name: "ibm437",
    upper: "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
};
/// IBM code page 852 (central Europe). Source: Unicode, VENDORS/MICSFT/PC/CP852.TXT.
pub(super) static IBM852: CodePage = CodePage {
    name: "ibm852",
    upper: "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}",
};

/// All of them.
pub(super) static ALL: [&CodePage; 3] = [&IBM850, &IBM437, &IBM852];

impl CodePage {
    /// The code page with this name: `ibm850`, `cp850`, `850`, `dos-850`.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        let number = name.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '-' || c == '_');
        ALL.into_iter().find(|page| page.name.trim_start_matches("ibm") == number)
    }

    /// The text of these bytes.
    pub(super) fn decode(&self, bytes: &[u8]) -> String {
        let upper: Vec<char> = self.upper.chars().collect();
        let character = |byte: &u8| match byte.checked_sub(128) {
            None => char::from(*byte),
            Some(at) => upper.get(usize::from(at)).copied().unwrap_or('\u{fffd}'),
        };
        bytes.iter().map(character).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_upper_half() {
        for page in ALL {
            assert_eq!(page.upper.chars().count(), 128, "{}", page.name);
        }
        assert_eq!(IBM850.decode(b"Jos\x82 M\x81ller"), "José Müller");
        assert_eq!(CodePage::named("cp437").map(|page| page.name), Some("ibm437"));
        assert_eq!(CodePage::named("ibm866"), None);
    }
}
