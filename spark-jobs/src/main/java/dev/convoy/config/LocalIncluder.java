package dev.convoy.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderClasspath;
import com.typesafe.config.ConfigIncluderFile;
import com.typesafe.config.ConfigIncluderURL;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseable;
import dev.convoy.data.ConvoyException;
import java.io.File;
import java.net.URL;
import java.util.List;

/**
 * Lets a configuration include files of this machine, which have to be there, and nothing from elsewhere.
 *
 * @param allowed whether even these may be included; a recorded configuration is data, and may be somebody else's
 */
record LocalIncluder(boolean allowed)
        implements ConfigIncluder, ConfigIncluderFile, ConfigIncluderURL, ConfigIncluderClasspath {
    /** An included file may be named without them. */
    private static final List<String> ENDINGS = List.of("", ".conf", ".json", ".properties");

    @Override
    public ConfigIncluder withFallback(ConfigIncluder fallback) {
        return this;
    }

    @Override
    public ConfigObject include(ConfigIncludeContext context, String what) {
        if (!allowed) {
            throw refused("include \"" + what + "\"");
        }
        for (String ending : ENDINGS) {
            ConfigParseable found = context.relativeTo(what + ending);
            try {
                if (found != null) {
                    return found.parse(context.parseOptions().setAllowMissing(false));
                }
            } catch (ConfigException.IO e) {
                // The next.
            }
        }
        throw new ConvoyException(missing(what));
    }

    @Override
    public ConfigObject includeFile(ConfigIncludeContext context, File what) {
        if (!allowed) {
            throw refused("include file(\"" + what + "\")");
        }
        try {
            return ConfigFactory.parseFile(
                            what.getAbsoluteFile(), context.parseOptions().setAllowMissing(false))
                    .root();
        } catch (ConfigException.IO e) {
            throw new ConvoyException(missing(what.toString()), e);
        }
    }

    private static String missing(String what) {
        return "Cannot include " + what + ": it cannot be read; a relative name starts at the file that includes it";
    }

    @Override
    public ConfigObject includeURL(ConfigIncludeContext context, URL what) {
        throw refused("include url(\"" + what + "\")");
    }

    @Override
    public ConfigObject includeResources(ConfigIncludeContext context, String what) {
        throw refused("include classpath(\"" + what + "\")");
    }

    private ConvoyException refused(String what) {
        return new ConvoyException("Cannot use " + what + " in a configuration: "
                + (allowed
                        ? "only files beside it, on this machine, may be included"
                        : "what a run has recorded includes nothing; give --data with a configuration of your own"));
    }
}
