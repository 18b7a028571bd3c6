package dev.faithdiff.networks.unet;

import dev.faithdiff.Fixtures;
import dev.faithdiff.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/** Keeps what a U-Net has at each site before another control acts there. */
public final class Recorder implements Control {
    private record Seen(float[] values, int channels) {}

    private final Control control;
    private final Map<Site, Seen> seen = new LinkedHashMap<>();

    public Recorder(Control control) { this.control = control; }

    @Override public Tensor at(Site site, Tensor h) {
        seen.put(site, new Seen(h.toFloats(), h.size(3)));
        return control.at(site, h);
    }

    /** What was at a site is what a fixture has, of which the first channels may be all that is stored. */
    public void check(Site site, Fixtures f, String name, double atol) {
        Seen s = seen.get(site);
        int channels = f.shape(name).size(1), pixels = s.values.length / s.channels;
        float[] first = new float[pixels * channels];
        for (int p = 0; p < pixels; p++) System.arraycopy(s.values, p * s.channels, first, p * channels, channels);
        Fixtures.assertClose(name + " at " + site, first, f.nhwc(name), atol);
    }

    /** Where the published trace takes the result of a layer on the up path: behind the doubled size, if the layer is a level's last. */
    public static Site up(UNetConfig c, int level, int layer) {
        return layer < c.layers() || level == 0 ? new Site.Layer(Site.Part.UP, level, layer) : new Site.Joined(level - 1, 0);
    }

    /** The skip that is the result of a level on the down path: its halved one, where there is one. */
    public static Site down(UNetConfig c, int level) {
        return new Site.Skip(Math.min((level + 1) * (c.layers() + 1), c.channels().length * (c.layers() + 1) - 1));
    }
}
