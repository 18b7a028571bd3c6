package dev.faithdiff.networks.unet;

/** Sinusoidal embedding of numbers (diffusers get_timestep_embedding): cosines first, then sines, frequencies from 1 to 1/10000. */
public final class Sinusoid {
    private Sinusoid() {}

    /**
     * Row-major {@code [values, width]}. Frequencies and phases are rounded to float as the published code does, which moves the
     * phase by up to 1e-4 at values near 1000.
     */
    public static float[] embed(float[] values, int width) {
        int half = width / 2;
        float[] out = new float[values.length * width];
        for (int v = 0; v < values.length; v++) {
            for (int i = 0; i < half; i++) {
                float exponent = (float) -Math.log(10000) * i / half;
                float phase = values[v] * (float) Math.exp(exponent);
                out[v * width + i] = (float) Math.cos(phase);
                out[v * width + half + i] = (float) Math.sin(phase);
            }
        }
        return out;
    }
}
