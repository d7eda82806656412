//! Entropy.
use crate::error::ResourceError;
use rand_core::TryCryptoRng;
use zeroize::Zeroizing;
pub(crate) fn seed<R: TryCryptoRng + ?Sized>(
    rng: &mut R,
) -> Result<Zeroizing<[u8; 48]>, ResourceError> {
    let mut seed = Zeroizing::new([0; 48]);
    rng.try_fill_bytes(&mut *seed)
        .map_err(|_| ResourceError::NoEntropy)?;
    Ok(seed)
}
