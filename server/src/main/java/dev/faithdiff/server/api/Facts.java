package dev.faithdiff.server.api;

import com.google.gson.JsonObject;
import dev.faithdiff.server.WebServer;
import dev.faithdiff.server.job.RunProgress;
import dev.faithdiff.server.job.Restoration;
import dev.faithdiff.server.job.Restorations;
import java.util.List;
import java.util.Locale;

/** A restoration as the API shows it. */
final class Facts {
    private Facts() {}

    static JsonObject of(Restoration r, Restorations all) {
        JsonObject json = new JsonObject();
        json.addProperty("id", r.id());
        json.addProperty("state", r.state().name().toLowerCase(Locale.ROOT));
        json.addProperty("name", r.order().name());
        json.addProperty("model", r.order().model());
        json.add("options", WebServer.GSON.toJsonTree(r.order().options()));
        json.addProperty("metadata", r.order().metadata());
        json.addProperty("created", r.created());
        json.addProperty("width", r.order().width());
        json.addProperty("height", r.order().height());
        if (r.state() == Restoration.State.QUEUED) {
            List<String> waiting = all.waiting();
            json.addProperty("position", waiting.indexOf(r.id()) + 1);
        }
        RunProgress p = all.progress(r.id());
        if (r.state() == Restoration.State.RUNNING && p != null) json.add("progress", WebServer.GSON.toJsonTree(p.moment()));
        if (r.ended() > 0) json.addProperty("ended", r.ended());
        if (r.error() != null) json.addProperty("error", r.error());
        if (r.result() != null) json.add("result", WebServer.GSON.toJsonTree(r.result()));
        return json;
    }
}
