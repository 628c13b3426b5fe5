// What C++ libraries do under Rust: templates, objects with destructors, exceptions. Built without frame pointers.

#include <cstddef>
#include <stdexcept>
#include <string>

namespace profiled {

constexpr std::size_t DIMENSIONS = 128;

template <typename Scalar>
__attribute__((noinline)) Scalar cpp_distance(const Scalar *left, const Scalar *right) {
    Scalar sum = 0;
    for (std::size_t at = 0; at != DIMENSIONS; ++at) {
        Scalar difference = left[at] - right[at];
        sum += difference * difference;
    }
    return sum;
}

template <typename Scalar>
__attribute__((noinline)) Scalar cpp_search(std::size_t rounds) {
    Scalar left[DIMENSIONS], right[DIMENSIONS], nearest = 1e9;
    for (std::size_t at = 0; at != DIMENSIONS; ++at) {
        left[at] = Scalar(at % 7);
        right[at] = Scalar(at % 5);
    }
    for (std::size_t round = 0; round != rounds; ++round) {
        left[round % DIMENSIONS] += 1;
        Scalar distance = cpp_distance(left, right);
        nearest = distance < nearest ? distance : nearest;
    }
    return nearest;
}

// The string's destructor makes each frame one that unwinding has to stop at.
__attribute__((noinline)) std::size_t cpp_throw(std::size_t depth) {
    std::string held(64 + depth, 'x');
    if (depth == 0) {
        throw std::runtime_error("thrown on purpose");
    }
    return cpp_throw(depth - 1) + held.size();
}

__attribute__((noinline)) std::size_t cpp_catch(std::size_t rounds) {
    std::size_t caught = 0;
    for (std::size_t round = 0; round != rounds; ++round) {
        try {
            caught += cpp_throw(8);
        } catch (const std::runtime_error &error) {
            caught += error.what()[0] == 't';
        }
    }
    return caught;
}

} // namespace profiled

extern "C" float profiled_cpp_search(std::size_t rounds) { return profiled::cpp_search<float>(rounds) + 1; }
extern "C" std::size_t profiled_cpp_catch(std::size_t rounds) { return profiled::cpp_catch(rounds) + 1; }
