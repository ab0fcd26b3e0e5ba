"""The VQ-GAN: a codec of quantised sound, and a generator that writes its codes from the picture."""
