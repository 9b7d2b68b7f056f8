//! Code pages of DOS and of the old Mac that the Encoding Standard leaves out: single bytes, the upper half by a table each.

/// A code page: its name, and the characters of the bytes from 128 on.
#[derive(Debug, PartialEq, Eq)]
pub struct CodePage {
    /// As the IANA, or Apple, names it.
    pub name: &'static str,
    upper: &'static str,
}

/// IBM code page 850 (western Europe). Source: Unicode, VENDORS/MICSFT/PC/CP850.TXT.
pub static IBM850: CodePage = CodePage {
    name: "ibm850",
    upper: "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
};
/// IBM code page 437 (United States). Source: Unicode, VENDORS/MICSFT/PC/CP437.TXT.
pub static IBM437: CodePage = CodePage {
    name: "ibm437",
    upper: "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
};
/// IBM code page 852 (central Europe). Source: Unicode, VENDORS/MICSFT/PC/CP852.TXT.
pub static IBM852: CodePage = CodePage {
    name: "ibm852",
    upper: "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}",
};

/// IBM code page 737 (Greek). Source: Unicode, VENDORS/MICSFT/PC/CP737.TXT.
pub static IBM737: CodePage = CodePage {
    name: "ibm737",
    upper: "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρσςτυφχψ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀ωάέήϊίόύϋώΆΈΉΊΌΎΏ±≥≤ΪΫ÷≈°∙·√ⁿ²■\u{a0}",
};
/// IBM code page 775 (Baltic). Source: Unicode, VENDORS/MICSFT/PC/CP775.TXT.
pub static IBM775: CodePage = CodePage {
    name: "ibm775",
    upper: "ĆüéāäģåćłēŖŗīŹÄÅÉæÆōöĢ¢ŚśÖÜø£Ø×¤ĀĪóŻżź”¦©®¬½¼Ł«»░▒▓│┤ĄČĘĖ╣║╗╝ĮŠ┐└┴┬├─┼ŲŪ╚╔╩╦╠═╬Žąčęėįšųūž┘┌█▄▌▐▀ÓßŌŃõÕµńĶķĻļņĒŅ’\u{ad}±“¾¶§÷„°∙·¹³²■\u{a0}",
};
/// IBM code page 857 (Turkish). Source: Unicode, VENDORS/MICSFT/PC/CP857.TXT.
pub static IBM857: CodePage = CodePage {
    name: "ibm857",
    upper: "ÇüéâäàåçêëèïîıÄÅÉæÆôöòûùİÖÜø£ØŞşáíóúñÑĞğ¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ºªÊËÈ\u{fffd}ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµ\u{fffd}×ÚÛÙìÿ¯´\u{ad}±\u{fffd}¾¶§÷¸°¨·¹³²■\u{a0}",
};
/// IBM code page 860 (Portuguese). Source: Unicode, VENDORS/MICSFT/PC/CP860.TXT.
pub static IBM860: CodePage = CodePage {
    name: "ibm860",
    upper: "ÇüéâãàÁçêÊèÍÔìÃÂÉÀÈôõòÚùÌÕÜ¢£Ù₧ÓáíóúñÑªº¿Ò¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
};
/// IBM code page 862 (Hebrew). Source: Unicode, VENDORS/MICSFT/PC/CP862.TXT.
pub static IBM862: CodePage = CodePage {
    name: "ibm862",
    upper: "אבגדהוזחטיךכלםמןנסעףפץצקרשת¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
};
/// IBM code page 863 (French of Canada). Source: Unicode, VENDORS/MICSFT/PC/CP863.TXT.
pub static IBM863: CodePage = CodePage {
    name: "ibm863",
    upper: "ÇüéâÂà¶çêëèïî‗À§ÉÈÊôËÏûù¤ÔÜ¢£ÙÛƒ¦´óú¨¸³¯Î⌐¬½¼¾«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
};
/// IBM code page 865 (Nordic). Source: Unicode, VENDORS/MICSFT/PC/CP865.TXT.
pub static IBM865: CodePage = CodePage {
    name: "ibm865",
    upper: "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø₧ƒáíóúñÑªº¿⌐¬½¼¡«¤░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
};
/// Central Europe, of the Mac. Source: Unicode, VENDORS/APPLE.
pub static X_MAC_CE: CodePage = CodePage {
    name: "x-mac-ce",
    upper: "ÄĀāÉĄÖÜáąČäčĆćéŹźĎíďĒēĖóėôöõúĚěü†°Ę£§•¶ß®©™ę¨≠ģĮįĪ≤≥īĶ∂∑łĻļĽľĹĺŅņŃ¬√ńŇ∆«»…\u{a0}ňŐÕőŌ–—“”‘’÷◊ōŔŕŘ‹›řŖŗŠ‚„šŚśÁŤťÍŽžŪÓÔūŮÚůŰűŲųÝýķŻŁżĢˇ",
};
/// Turkish, of the Mac. Source: Unicode, VENDORS/APPLE.
pub static X_MAC_TURKISH: CodePage = CodePage {
    name: "x-mac-turkish",
    upper: "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸĞğİıŞş‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙ\u{f8a0}ˆ˜¯˘˙˚¸˝˛ˇ",
};
/// Greek, of the Mac. Source: Unicode, VENDORS/APPLE.
pub static X_MAC_GREEK: CodePage = CodePage {
    name: "x-mac-greek",
    upper: "Ä¹²É³ÖÜ΅àâä΄¨çéèêë£™îï•½‰ôö¦€ùûü†ΓΔΘΛΞΠß®©ΣΪ§≠°·Α±≤≥¥ΒΕΖΗΙΚΜΦΫΨΩάΝ¬ΟΡ≈Τ«»…\u{a0}ΥΧΆΈœ–―“”‘’÷ΉΊΌΎέήίόΏύαβψδεφγηιξκλμνοπώρστθωςχυζϊϋΐΰ\u{ad}",
};
/// IBM code page 855 (Cyrillic). Source: Unicode, VENDORS/MICSFT/PC/CP855.TXT.
pub static IBM855: CodePage = CodePage {
    name: "ibm855",
    upper: "ђЂѓЃёЁєЄѕЅіІїЇјЈљЉњЊћЋќЌўЎџЏюЮъЪаАбБцЦдДеЕфФгГ«»░▒▓│┤хХиИ╣║╗╝йЙ┐└┴┬├─┼кК╚╔╩╦╠═╬¤лЛмМнНоОп┘┌█▄Пя▀ЯрРсСтТуУжЖвВьЬ№\u{ad}ыЫзЗшШэЭщЩчЧ§■\u{a0}",
};
/// IBM code page 858 (850 with a euro sign). Source: IBM, CDRA.
pub static IBM858: CodePage = CodePage {
    name: "ibm858",
    upper: "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
};
/// IBM code page 861 (Icelandic). Source: Unicode, VENDORS/MICSFT/PC/CP861.TXT.
pub static IBM861: CodePage = CodePage {
    name: "ibm861",
    upper: "ÇüéâäàåçêëèÐðÞÄÅÉæÆôöþûÝýÖÜø£Ø₧ƒáíóúÁÍÓÚ¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
};
/// IBM code page 869 (Greek). Source: Unicode, VENDORS/MICSFT/PC/CP869.TXT.
pub static IBM869: CodePage = CodePage {
    name: "ibm869",
    upper: "������Ά�·¬¦‘’Έ―ΉΊΪΌ��ΎΫ©Ώ²³ά£έήίϊΐόύΑΒΓΔΕΖΗ½ΘΙ«»░▒▓│┤ΚΛΜΝ╣║╗╝ΞΟ┐└┴┬├─┼ΠΡ╚╔╩╦╠═╬ΣΤΥΦΧΨΩαβγ┘┌█▄δε▀ζηθικλμνξοπρσςτ΄\u{ad}±υφχ§ψ΅°¨ωϋΰώ■\u{a0}",
};
/// Icelandic, of the Mac. Source: Unicode, VENDORS/APPLE.
pub static X_MAC_ICELANDIC: CodePage = CodePage {
    name: "x-mac-icelandic",
    upper: "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûüÝ°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€ÐðÞþý·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ",
};
/// Romanian, of the Mac. Source: Unicode, VENDORS/APPLE.
pub static X_MAC_ROMANIAN: CodePage = CodePage {
    name: "x-mac-romanian",
    upper: "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ĂȘ∞±≤≥¥µ∂∑∏π∫ªºΩăș¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›Țț‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ",
};
/// Croatian, of the Mac. Source: Unicode, VENDORS/APPLE.
pub static X_MAC_CROATIAN: CodePage = CodePage {
    name: "x-mac-croatian",
    upper: "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®Š™´¨≠ŽØ∞±≤≥∆µ∂∑∏š∫ªºΩžø¿¡¬√ƒ≈Ć«Č…\u{a0}ÀÃÕŒœĐ—“”‘’÷◊\u{f8ff}©⁄€‹›Æ»–·‚„‰ÂćÁčÈÍÎÏÌÓÔđÒÚÛÙıˆ˜¯πË˚¸Êæˇ",
};

/// All of them.
pub static ALL: [&CodePage; 20] = [
    &IBM850,
    &IBM437,
    &IBM852,
    &IBM737,
    &IBM775,
    &IBM857,
    &IBM860,
    &IBM862,
    &IBM863,
    &IBM865,
    &X_MAC_CE,
    &X_MAC_TURKISH,
    &X_MAC_GREEK,
    &IBM855,
    &IBM858,
    &IBM861,
    &IBM869,
    &X_MAC_ICELANDIC,
    &X_MAC_ROMANIAN,
    &X_MAC_CROATIAN,
];

impl CodePage {
    /// The code page with this name: `ibm850`, `cp850`, `850`, `dos-850`, `x-mac-ce`, `mac-latin2`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        let of_the_mac = match name.trim_start_matches("x-") {
            "mac-ce" | "mac-latin2" | "macce" | "mac-central-europe" => Some(&X_MAC_CE),
            "mac-turkish" | "macturkish" => Some(&X_MAC_TURKISH),
            "mac-greek" | "macgreek" => Some(&X_MAC_GREEK),
            "mac-icelandic" | "mac-iceland" | "maciceland" => Some(&X_MAC_ICELANDIC),
            "mac-romanian" | "mac-romania" | "macromania" => Some(&X_MAC_ROMANIAN),
            "mac-croatian" | "maccroatian" => Some(&X_MAC_CROATIAN),
            _ => None,
        };
        if of_the_mac.is_some() {
            return of_the_mac;
        }
        let number = name.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '-' || c == '_');
        ALL.into_iter().find(|page| page.name.trim_start_matches("ibm") == number)
    }

    /// The text of these bytes.
    #[must_use]
    pub fn decode(&self, bytes: &[u8]) -> String {
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
