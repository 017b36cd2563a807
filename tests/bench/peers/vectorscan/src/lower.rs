/// `text` in lower case, with a path of bytes for ASCII, Latin-1 and Cyrillic; anything else goes through `char`.
pub fn lower(text: &str, lower: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    lower.clear();
    lower.reserve(bytes.len() + 8);
    let mut place = 0;
    while place < bytes.len() {
        match bytes[place] {
            byte @ 0..0x80 => {
                lower.push(byte.to_ascii_lowercase());
                place += 1;
            }
            first @ (0xd0 | 0xd1 | 0xc3) => {
                let second = bytes[place + 1];
                lower.extend_from_slice(&match (first, second) {
                    (0xd0, 0x90..=0x9f) => [0xd0, second + 0x20],
                    (0xd0, 0xa0..=0xaf) => [0xd1, second - 0x20],
                    (0xd0, 0x80..=0x8f) => [0xd1, second + 0x10],
                    (0xc3, 0x80..=0x96 | 0x98..=0x9e) => [0xc3, second + 0x20],
                    _ => [first, second],
                });
                place += 2;
            }
            0xf0.. => {
                lower.extend_from_slice(&bytes[place..place + 4]);
                place += 4;
            }
            _ => {
                let Some(char) = text[place..].chars().next() else { return };
                for char in char.to_lowercase() {
                    lower.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                }
                place += char.len_utf8();
            }
        }
    }
}
