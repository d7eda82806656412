//! The store in flash, with the power cut in the middle of every write and every erasure.

use bearcub::error::MqttResource;
use bearcub::mqtt::PacketId;
use bearcub::mqtt::store::{Flash, Key, Store};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use proptest::prelude::*;

/// Flash as the chips have it: bits are only cleared, whole blocks are erased, nothing is written twice, and reads and
/// writes are of whole units.
#[derive(Clone)]
struct Chip<const READ: usize, const WRITE: usize, const ERASE: usize> {
    bytes: Vec<u8>,
    /// Bytes that may still be written or erased before the power goes.
    power: usize,
    erasures: usize,
}

#[derive(Debug)]
struct Cut;

impl NorFlashError for Cut {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> Chip<READ, WRITE, ERASE> {
    fn new(blocks: usize) -> Self {
        Chip {
            bytes: vec![0xff; blocks * ERASE],
            power: usize::MAX,
            erasures: 0,
        }
    }

    /// Uses power for `length` bytes; how many of them are done.
    fn use_power(&mut self, length: usize) -> usize {
        let done = self.power.min(length);
        self.power -= done;
        done
    }
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> ErrorType
    for Chip<READ, WRITE, ERASE>
{
    type Error = Cut;
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> ReadNorFlash
    for Chip<READ, WRITE, ERASE>
{
    const READ_SIZE: usize = READ;

    fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), Cut> {
        assert!((offset as usize).is_multiple_of(READ) && into.len().is_multiple_of(READ));
        let offset = offset as usize;
        into.copy_from_slice(&self.bytes[offset..offset + into.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> NorFlash
    for Chip<READ, WRITE, ERASE>
{
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Cut> {
        assert!((from as usize).is_multiple_of(ERASE) && (to as usize).is_multiple_of(ERASE));
        self.erasures += 1;
        let done = self.use_power((to - from) as usize);
        self.bytes[from as usize..from as usize + done].fill(0xff);
        if done < (to - from) as usize {
            return Err(Cut);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Cut> {
        assert!((offset as usize).is_multiple_of(WRITE) && bytes.len().is_multiple_of(WRITE));
        let done = self.use_power(bytes.len());
        let place = &mut self.bytes[offset as usize..offset as usize + done];
        for (old, new) in place.iter_mut().zip(bytes) {
            assert_eq!(*old, 0xff, "written twice");
            *old = *new;
        }
        if done < bytes.len() {
            return Err(Cut);
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Action {
    Insert(Key, Vec<u8>),
    Remove(Key),
}

type Items = Vec<(Key, Vec<u8>)>;

fn message(id: u16) -> Key {
    Key::Message(PacketId::new(id).unwrap())
}

fn items<F: NorFlash>(store: &mut Flash<F>) -> Items {
    let mut items = Vec::new();
    let mut previous = None;
    while let Some((key, length)) = store.next(previous).unwrap() {
        let mut content = vec![0; length + 1];
        let read = store.read(key, 0, &mut content).unwrap();
        assert_eq!(read, length);
        content.truncate(length);
        items.push((key, content));
        previous = Some(key);
    }
    items
}

/// What the store should hold after an action.
fn model(items: &Items, action: &Action) -> Items {
    let mut items = items.clone();
    match action {
        Action::Insert(key, content) => items.push((*key, content.clone())),
        Action::Remove(key) => items.retain(|(other, _)| other != key),
    }
    items
}

fn act<F: NorFlash>(store: &mut Flash<F>, action: &Action) -> Result<(), MqttResource> {
    match action {
        Action::Insert(key, content) => {
            // In pieces, as a session does.
            let (head, tail) = content.split_at(content.len() / 3);
            store.insert(*key, &[head, tail])
        }
        Action::Remove(key) => store.remove(*key),
    }
}

/// Does the actions, and beside each the same action with the power cut after every byte.
fn survives_every_cut<const READ: usize, const WRITE: usize, const ERASE: usize>(
    actions: &[Action],
) -> Result<(), TestCaseError> {
    let mut chip = Chip::<READ, WRITE, ERASE>::new(2);
    let mut held = Items::new();
    for action in actions {
        let is_there = |key: &Key| held.iter().any(|(other, _)| other == key);
        if matches!(action, Action::Insert(key, _) if is_there(key)) {
            continue;
        }
        let mut store = Flash::open(chip.clone()).unwrap();
        prop_assert_eq!(&items(&mut store), &held);
        let result = act(&mut store, action);
        let after = model(&held, action);
        let used = usize::MAX - store.into_inner().power;
        for power in 0..used {
            let mut cut = chip.clone();
            cut.power = power;
            // What the opening writes is cut, too.
            if let Ok(mut store) = Flash::open(cut.clone()) {
                prop_assert!(act(&mut store, action).is_err());
                cut = store.into_inner();
            }
            cut.power = usize::MAX;
            let mut store = Flash::open(cut).unwrap();
            let found = items(&mut store);
            prop_assert!(
                found == held || found == after,
                "cut after {power} bytes of {action:?}"
            );
            // And it goes on.
            let key = message(60_000);
            let full = match store.insert(key, &[b"more"]) {
                Ok(()) => false,
                Err(error) => error == MqttResource::StoreFull,
            };
            let mut expected = found;
            if !full {
                expected.push((key, b"more".to_vec()));
            }
            prop_assert_eq!(items(&mut store), expected);
        }
        let mut store = Flash::open(chip.clone()).unwrap();
        prop_assert_eq!(act(&mut store, action), result);
        match result {
            Ok(()) => held = after,
            Err(error) => prop_assert_eq!(error, MqttResource::StoreFull),
        }
        prop_assert_eq!(&items(&mut store), &held);
        chip = store.into_inner();
        chip.power = usize::MAX;
    }
    Ok(())
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let key = (1..6_u16).prop_map(message);
    let content = proptest::collection::vec(any::<u8>(), 0..80);
    let action = prop_oneof![
        3 => (key.clone(), content).prop_map(|(key, content)| Action::Insert(key, content)),
        2 => key.prop_map(Action::Remove),
    ];
    proptest::collection::vec(action, 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_cut_leaves_what_was_there_before_or_after(actions in actions()) {
        survives_every_cut::<1, 1, 256>(&actions)?;
        survives_every_cut::<4, 4, 256>(&actions)?;
        survives_every_cut::<1, 32, 512>(&actions)?;
    }
}

#[test]
fn erased_and_foreign_flash_become_an_empty_store() {
    let mut chip = Chip::<4, 4, 256>::new(2);
    assert_eq!(items(&mut Flash::open(chip.clone()).unwrap()), []);
    chip.bytes = (0..512).map(|number| number as u8 ^ 0x5a).collect();
    let mut store = Flash::open(chip).unwrap();
    assert_eq!(items(&mut store), []);
    store.insert(message(1), &[b"kept"]).unwrap();
    let mut store = Flash::open(store.into_inner()).unwrap();
    assert_eq!(items(&mut store), [(message(1), b"kept".to_vec())]);
}

#[test]
fn flash_that_is_too_small_or_too_coarse_is_refused() {
    assert!(Flash::open(Chip::<1, 1, 256>::new(1)).is_err());
    assert!(Flash::open(Chip::<1, 1, 64>::new(2)).is_err());
    assert!(Flash::open(Chip::<1, 64, 256>::new(2)).is_err());
}

#[test]
fn a_full_store_refuses_without_wearing_the_flash() {
    let mut store = Flash::open(Chip::<4, 4, 256>::new(2)).unwrap();
    store.insert(message(1), &[&[7; 200]]).unwrap();
    let before = store.insert(message(2), &[&[7; 100]]);
    assert_eq!(before, Err(MqttResource::StoreFull));
    for _ in 0..100 {
        let refused = store.insert(message(2), &[&[7; 100]]);
        assert_eq!(refused, Err(MqttResource::StoreFull));
    }
    assert_eq!(items(&mut store), [(message(1), vec![7; 200])]);
    assert_eq!(
        store.into_inner().erasures,
        1,
        "the one that made it a store"
    );
}

#[test]
fn a_write_that_fails_is_told_and_adds_nothing() {
    let mut chip = Chip::<4, 4, 512>::new(2);
    chip.power = 512 + 12 + 16;
    let mut store = Flash::open(chip).unwrap();
    let failed = store.insert(message(1), &[&[7; 100]]);
    assert_eq!(failed, Err(MqttResource::Store));
    assert_eq!(items(&mut store), []);
}
