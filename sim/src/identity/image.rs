//! The image for flash, in the layout of [`bearcub::identity::FlashImage`].

use bearcub::identity::{FlashImage, Identity, PrivateKey};
use zeroize::Zeroizing;

use super::Device;
use crate::failure::Failure;

/// The image of a device's identity.
///
/// # Errors
/// If the library does not read it back, which would be a fault of this program.
pub fn of(device: &Device) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut items: Vec<&[u8]> = vec![&device.key.der];
    items.extend(device.chain.iter().map(Vec::as_slice));
    items.resize(4, &[]);
    let too_large = |_| Failure::Usage("a certificate is too large for an image".to_owned());
    let mut body = Zeroizing::new(Vec::with_capacity(
        16 + items.iter().map(|item| item.len() + 3).sum::<usize>(),
    ));
    for item in &items {
        let length = u32::try_from(item.len()).map_err(too_large)?;
        body.extend_from_slice(&length.to_le_bytes());
    }
    for item in &items {
        body.extend_from_slice(item);
        let padded = body.len().next_multiple_of(4);
        body.resize(padded, 0);
    }
    let length = u32::try_from(12 + body.len()).map_err(too_large)?;
    let mut image = Zeroizing::new(Vec::with_capacity(12 + body.len()));
    image.extend_from_slice(b"BCI1");
    image.extend_from_slice(&length.to_le_bytes());
    image.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    image.extend_from_slice(&body);
    check(&image)?;
    Ok(image)
}

/// Reads it as a device would.
fn check(image: &[u8]) -> Result<(), Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::Other(format!(
            "the image cannot be read back: {error}; nothing was written"
        ))
    };
    let word = |index: usize| {
        let bytes = image[4 * index..].first_chunk().copied();
        u32::from_le_bytes(bytes.unwrap_or_default())
    };
    let stored = FlashImage::open(word, image.len()).map_err(|error| wrong(&error))?;
    let identity = Identity::<PrivateKey<'_>>::stored(&stored).map_err(|error| wrong(&error))?;
    let mut memory = vec![0; image.len()];
    identity.check(&mut memory).map_err(|error| wrong(&error))?;
    Ok(())
}
