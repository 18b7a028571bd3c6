package dev.faithdiff.networks.dreamclear;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.Fixtures;
import org.junit.jupiter.api.Test;

/** Positions against the published ones. */
class GridPositionsTest {
    @Test void areThePublishedOnes() {
        Fixtures f = Fixtures.open("dreamclear/stages/pos_embed.safetensors");
        assertThat(f.names()).isNotEmpty();
        for (String name : f.names()) {
            String[] sides = name.substring("pos_embed_".length()).split("x");
            DreamClearConfig c = new DreamClearConfig(f.shape(name).size(1), 1, 1, 4, 8, 120, 4);
            Fixtures.assertClose(name, GridPositions.of(Integer.parseInt(sides[0]), Integer.parseInt(sides[1]), c), f.floats(name), 1e-6);
        }
    }
}
