//! DER, written for the seeds, and mutated so that the lengths around a change stay right.

use crate::framing::mutate_part;
use crate::random::Random;

/// An element.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match content.len() {
        length @ 0..=0x7f => bytes.push(length as u8),
        length @ 0x80..=0xff => bytes.extend([0x81, length as u8]),
        length => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    bytes.extend(content);
    bytes
}

/// A SEQUENCE.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// Tag, content, and what follows; `None` if it is no element with a definite length.
pub fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (
            usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])),
            &rest[2..],
        ),
        _ => return None,
    };
    let (content, behind) = rest.split_at_checked(length)?;
    Some((*tag, content, behind))
}

/// The elements in a content; `None` if it is not made of elements.
pub fn elements(mut content: &[u8]) -> Option<Vec<(u8, Vec<u8>)>> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let (tag, inner, behind) = split(content)?;
        found.push((tag, inner.to_vec()));
        content = behind;
    }
    Some(found)
}

/// Changes one element somewhere inside; the lengths of those around it are written anew.
pub fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    if let Some(mut list) = elements(bytes)
        && !list.is_empty()
    {
        mutate_list(&mut list, random, 0);
        *bytes = join(&list);
    } else {
        mutate_part(bytes, 0x4000);
    }
}

fn join(list: &[(u8, Vec<u8>)]) -> Vec<u8> {
    list.iter()
        .flat_map(|(tag, content)| element(*tag, content))
        .collect()
}

fn mutate_list(list: &mut Vec<(u8, Vec<u8>)>, random: &mut Random, depth: usize) {
    let one = random.below(list.len());
    // Octet strings of extensions and the like are looked into as well.
    let inner = elements(&list[one].1).filter(|inner| !inner.is_empty());
    if let Some(mut inner) = inner
        && depth < 12
        && random.below(8) > 0
    {
        mutate_list(&mut inner, random, depth + 1);
        list[one].1 = join(&inner);
        return;
    }
    match random.below(9) {
        0 => {
            let copy = list[one].clone();
            list.insert(random.below(list.len() + 1), copy);
        }
        1 if list.len() > 1 => drop(list.remove(one)),
        2 => {
            let other = random.below(list.len());
            list.swap(one, other);
        }
        3 => {
            let tags = [
                0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31,
                0x82, 0x87, 0xa0, 0xa3,
            ];
            list[one].0 = tags[random.below(tags.len())];
        }
        4 if list[one].1.len() == 1 => list[one].1[0] = random.byte(),
        _ => mutate_part(&mut list[one].1, 0x2000),
    }
}
